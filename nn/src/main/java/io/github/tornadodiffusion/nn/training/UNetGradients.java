package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.MemoryPlan;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetGraph;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A UNet on a device with the mean squared error to a given target, and the gradients of that loss
 * with respect to every parameter and to the sample.
 */
public final class UNetGradients implements AutoCloseable {
  private final Recorded recorded;
  private final LoadedProgram loaded;

  /**
   * What a run computes.
   *
   * @param output {@code [n, outChannels, h, w]}
   * @param loss mean squared error over all elements of the batch
   */
  public record Result(float[] output, double loss) {}

  /** Forward and backward pass and where everything lies. */
  private record Recorded(
      UNetGraph net,
      Tensor sample,
      Tensor target,
      Tensor output,
      Buffer lossWeights,
      Buffer lossPerImage,
      Buffer gradients,
      Tensor gradSample,
      Schedule schedule,
      MemoryPlan plan) {

    static Recorded of(UNet2DConfig config, int batch, int height, int width) {
      UNetGraph net = new UNetGraph(new UNet2DModel(config), batch, height, width);
      Tensor sample = Tensor.persistent("sample", net.sampleShape(), true);
      Tensor target = Tensor.persistent("target", net.outputShape(), false);
      Buffer lossWeights = Buffer.persistent("loss weights", batch);
      Buffer lossPerImage = Buffer.persistent("loss", batch);
      Tensor output = net.record(sample);
      Buffer gradients = Buffer.persistent("gradients", net.weights.floats());
      Schedule schedule = new Schedule();
      net.graph.forward(schedule);
      Gradients backward = new Gradients(gradients);
      Tensor gradOutput =
          MeanSquaredError.record(schedule, output, target, lossWeights, lossPerImage);
      backward.backward(schedule, net.graph.operations(), output, gradOutput);
      schedule.keep(output);
      MemoryPlan plan = new MemoryPlan(schedule.steps(), List.of(net.weights, gradients));
      return new Recorded(
          net,
          sample,
          target,
          output,
          lossWeights,
          lossPerImage,
          gradients,
          backward.ofInput(sample),
          schedule,
          plan);
    }

    /** What the device must be able to do for it, see {@link Engine#prove}. */
    static List<Trial> trials(UNet2DConfig config, int batch, int height, int width) {
      Recorded small = of(config, Math.min(batch, Trials.BATCH), height, width);
      return Trials.of(small.schedule.steps(), small.net.graph.constants());
    }

    Program program() {
      List<Buffer> inputs = new ArrayList<>(List.of(sample.buffer(), target.buffer()));
      inputs.addAll(net.conditions.buffers());
      List<Buffer> outputs = List.of(output.buffer(), lossPerImage, gradients, gradSample.buffer());
      return plan.program("gradients", inputs, outputs);
    }
  }

  private UNetGradients(Engine engine, Recorded recorded, Map<String, HostTensor> parameters) {
    this.recorded = recorded;
    loaded = new LoadedProgram(engine, recorded.plan, recorded.program(), recorded.net.graph);
    loaded.writeParameters(recorded.net.weights, recorded.net.model.arenaParameters(), parameters);
    float[] ones = new float[recorded.net.batch];
    Arrays.fill(ones, 1);
    loaded.write(recorded.lossWeights, ones);
  }

  /**
   * Builds the program and copies the parameters to the device.
   *
   * @param parameters by diffusers' names, with PyTorch's shapes
   * @param batch images a call
   * @throws IllegalArgumentException if the image size or the parameters do not fit the model
   */
  public static UNetGradients open(
      Engine engine,
      UNet2DConfig config,
      Map<String, HostTensor> parameters,
      int batch,
      int height,
      int width) {
    Recorded recorded = Recorded.of(config, batch, height, width);
    engine.checkRoom(recorded.plan.floats());
    engine.prove(() -> Recorded.trials(config, batch, height, width));
    return new UNetGradients(engine, recorded, parameters);
  }

  /** Floats of device memory that {@link #open} will take. */
  public static long arenaFloats(UNet2DConfig config, int batch, int height, int width) {
    return Recorded.of(config, batch, height, width).plan.floats();
  }

  /**
   * Runs forward and backward.
   *
   * @param sample {@code [n, c, h, w]}
   * @param timesteps {@code [n]}
   * @param labels {@code [n]}, or null for a model without classes
   * @param target {@code [n, outChannels, h, w]}
   * @throws IllegalArgumentException if a length does not fit the batch, or a label the model
   */
  public Result run(float[] sample, float[] timesteps, int[] labels, float[] target) {
    return run(UNetInputs.of(sample, timesteps, labels), target);
  }

  /**
   * Runs forward and backward.
   *
   * @param target {@code [n, outChannels, h, w]}
   * @throws IllegalArgumentException if a length does not fit the batch, or a number the model
   */
  public Result run(UNetInputs inputs, float[] target) {
    recorded.net.conditions.write(loaded, inputs.timesteps(), inputs.classes());
    loaded.writeImages(recorded.sample, "sample values", inputs.sample());
    loaded.writeImages(recorded.target, "target values", target);
    loaded.run();
    double loss = 0;
    for (float image : loaded.read(recorded.lossPerImage, recorded.net.batch)) {
      loss += image;
    }
    return new Result(loaded.readImages(recorded.output), loss / recorded.net.batch);
  }

  /** Gradients of the last run's loss, named and shaped like the parameters. */
  public SequencedMap<String, HostTensor> gradients() {
    return loaded.readParameters(recorded.gradients, recorded.net.model.arenaParameters());
  }

  /** Gradient of the last run's loss with respect to the sample, {@code [n, c, h, w]}. */
  public float[] sampleGradient() {
    return loaded.readImages(recorded.gradSample);
  }

  /** The program, for profiles. */
  public Program program() {
    return loaded.program();
  }

  @Override
  public void close() {
    loaded.close();
  }
}
