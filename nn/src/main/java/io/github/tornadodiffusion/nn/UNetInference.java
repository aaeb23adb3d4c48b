package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A UNet on a device, ready to predict batches of one size. */
public final class UNetInference implements AutoCloseable {
  private final Recorded recorded;
  private final LoadedProgram loaded;

  /** The forward pass and where everything lies. */
  private record Recorded(
      UNetGraph net, Tensor sample, Tensor output, Schedule schedule, MemoryPlan plan) {
    static Recorded of(UNet2DConfig config, int batch, int height, int width) {
      UNetGraph net = new UNetGraph(new UNet2DModel(config), batch, height, width);
      Tensor sample = Tensor.persistent("sample", net.sampleShape(), false);
      Tensor output = net.record(sample);
      Schedule schedule = new Schedule();
      net.graph.forward(schedule);
      schedule.keep(output);
      MemoryPlan plan = new MemoryPlan(schedule.steps(), List.of(net.weights));
      return new Recorded(net, sample, output, schedule, plan);
    }

    /** What the device must be able to do for it, see {@link Engine#prove}. */
    static List<Trial> trials(UNet2DConfig config, int batch, int height, int width) {
      Recorded small = of(config, Math.min(batch, Trials.BATCH), height, width);
      return Trials.of(small.schedule.steps(), small.net.graph.constants());
    }

    Program program() {
      List<Buffer> inputs = new ArrayList<>(List.of(sample.buffer()));
      inputs.addAll(net.conditions.buffers());
      return plan.program("forward", inputs, List.of(output.buffer()));
    }
  }

  private UNetInference(Engine engine, Recorded recorded, Map<String, HostTensor> parameters) {
    this.recorded = recorded;
    loaded = new LoadedProgram(engine, recorded.plan, recorded.program(), recorded.net.graph);
    setParameters(parameters);
  }

  /**
   * Builds the program and copies the parameters to the device.
   *
   * @param parameters by diffusers' names, with PyTorch's shapes
   * @param batch images a call
   * @throws IllegalArgumentException if the image size or the parameters do not fit the model
   */
  public static UNetInference open(
      Engine engine,
      UNet2DConfig config,
      Map<String, HostTensor> parameters,
      int batch,
      int height,
      int width) {
    Recorded recorded = Recorded.of(config, batch, height, width);
    engine.checkRoom(recorded.plan.floats());
    engine.prove(() -> Recorded.trials(config, batch, height, width));
    return new UNetInference(engine, recorded, parameters);
  }

  /** Floats of device memory that {@link #open} will take. */
  public static long arenaFloats(UNet2DConfig config, int batch, int height, int width) {
    return Recorded.of(config, batch, height, width).plan.floats();
  }

  /** Replaces the parameters, for instance by newer ones from a training. */
  public void setParameters(Map<String, HostTensor> parameters) {
    loaded.writeParameters(recorded.net.weights, recorded.net.model.arenaParameters(), parameters);
  }

  /**
   * Predicts one batch.
   *
   * @param sample {@code [n, c, h, w]}
   * @param timesteps {@code [n]}
   * @param labels {@code [n]}, or null for a model without classes
   * @return {@code [n, outChannels, h, w]}
   * @throws IllegalArgumentException if a length does not fit the batch, or a label the model
   */
  public float[] predict(float[] sample, float[] timesteps, int[] labels) {
    return predict(UNetInputs.of(sample, timesteps, labels));
  }

  /**
   * Predicts one batch.
   *
   * @return {@code [n, outChannels, h, w]}
   * @throws IllegalArgumentException if a length does not fit the batch, or a number the model
   */
  public float[] predict(UNetInputs inputs) {
    recorded.net.conditions.write(loaded, inputs.timesteps(), inputs.classes());
    loaded.writeImages(recorded.sample, "sample values", inputs.sample());
    loaded.run();
    return loaded.readImages(recorded.output);
  }

  /** The program, for profiles. */
  public Program program() {
    return loaded.program();
  }

  /** The session that runs {@link #program}, for profiles. */
  public Engine.Session session() {
    return loaded.session();
  }

  @Override
  public void close() {
    loaded.close();
  }
}
