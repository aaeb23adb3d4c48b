package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.MemoryPlan;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A UNet on a device, ready to predict batches of one size. */
public final class UNetInference implements AutoCloseable {
  private final Recorded recorded;
  private final LoadedProgram loaded;

  /** Of a model that predicts and does not sample. */
  private static final int NO_REGISTERS = -1;

  private final SampleRegisters registers;

  /**
   * The forward pass and where everything lies.
   *
   * @param sampler null without registers
   * @param forward how many steps of the schedule are the forward pass
   */
  private record Recorded(
      UNetGraph net,
      Tensor sample,
      Tensor output,
      SamplerGraph sampler,
      Schedule schedule,
      int forward,
      MemoryPlan plan) {
    static Recorded of(UNet2DConfig config, int batch, int height, int width, int registers) {
      UNetGraph net = new UNetGraph(new UNet2DModel(config), batch, height, width);
      Tensor sample = Tensor.persistent("sample", net.sampleShape(), false);
      Tensor output = net.record(sample);
      Schedule schedule = new Schedule();
      net.graph.forward(schedule);
      schedule.keep(output);
      int forward = schedule.steps().size();
      SamplerGraph sampler = null;
      if (registers != NO_REGISTERS) {
        sampler = new SamplerGraph(sample, output, registers);
        sampler.addTo(schedule);
      }
      MemoryPlan plan = new MemoryPlan(schedule.steps(), List.of(net.weights));
      return new Recorded(net, sample, output, sampler, schedule, forward, plan);
    }

    /** What the device must be able to do for it, see {@link Engine#prove}. */
    static List<Trial> trials(
        UNet2DConfig config, int batch, int height, int width, int registers) {
      Recorded small = of(config, Math.min(batch, Trials.BATCH), height, width, registers);
      Map<Buffer, float[]> known = new HashMap<>(small.net.graph.constants());
      if (small.sampler != null) {
        known.putAll(small.sampler.trialContent());
      }
      return Trials.of(small.schedule.steps(), known);
    }

    Program program() {
      List<Buffer> inputs = new ArrayList<>(List.of(sample.buffer()));
      inputs.addAll(net.conditions.buffers());
      return plan.program("forward", 0, forward, inputs, List.of(output.buffer()));
    }
  }

  private UNetInference(Engine engine, Recorded recorded, Map<String, HostTensor> parameters) {
    this.recorded = recorded;
    SamplerGraph sampler = recorded.sampler;
    SamplerGraph.Programs more = sampler == null ? null : sampler.programs(recorded.plan);
    List<Program> programs = new ArrayList<>(List.of(recorded.program()));
    if (more != null) {
      programs.addAll(more.all());
    }
    loaded = new LoadedProgram(engine, recorded.plan, programs, recorded.net.graph);
    registers =
        sampler == null
            ? null
            : new SampleRegisters(sampler, loaded, more, recorded.net.conditions);
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
    return openWith(engine, config, parameters, batch, height, width, NO_REGISTERS);
  }

  /**
   * The same with {@link #registers}, for a sampler.
   *
   * @param free registers without a meaning
   * @throws IllegalArgumentException if the image size or the parameters do not fit the model, or
   *     its output is no sample
   */
  public static UNetInference openForSampling(
      Engine engine,
      UNet2DConfig config,
      Map<String, HostTensor> parameters,
      int batch,
      int height,
      int width,
      int free) {
    return openWith(engine, config, parameters, batch, height, width, free);
  }

  private static UNetInference openWith(
      Engine engine,
      UNet2DConfig config,
      Map<String, HostTensor> parameters,
      int batch,
      int height,
      int width,
      int registers) {
    Recorded recorded = Recorded.of(config, batch, height, width, registers);
    engine.checkRoom(recorded.plan.floats());
    engine.prove(() -> Recorded.trials(config, batch, height, width, registers));
    return new UNetInference(engine, recorded, parameters);
  }

  /** Floats of device memory that {@link #open} will take. */
  public static long arenaFloats(UNet2DConfig config, int batch, int height, int width) {
    return Recorded.of(config, batch, height, width, NO_REGISTERS).plan.floats();
  }

  /** Floats of device memory that {@link #openForSampling} will take. */
  public static long arenaFloats(UNet2DConfig config, int batch, int height, int width, int free) {
    return Recorded.of(config, batch, height, width, free).plan.floats();
  }

  /**
   * The arrays of a sampler.
   *
   * @throws IllegalStateException if the model was not opened for sampling
   */
  public SampleRegisters registers() {
    if (registers == null) {
      throw new IllegalStateException("The model was not opened for sampling");
    }
    return registers;
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
