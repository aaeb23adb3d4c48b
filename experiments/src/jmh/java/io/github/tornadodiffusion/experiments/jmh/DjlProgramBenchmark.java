package io.github.tornadodiffusion.experiments.jmh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.util.HashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToDoubleFunction;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The same UNet with the same parameters as {@link ProgramBenchmark}, in DJL on PyTorch. Its output
 * and the gradients of all parameters are compared with the jvm device before anything is measured.
 * A training step is unit1's, without clipping and moving average, whatever the preset.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 2)
public class DjlProgramBenchmark {
  /** The gradients of keys' biases are zero but for rounding. */
  private static final double LEAST_GRADIENT = 1e-3;

  /** What a benchmark runs. */
  public enum Program {
    FORWARD,
    TRAIN_STEP
  }

  @Param public Program program;

  @Param("djl-pytorch")
  public String peer;

  @Param("unit1")
  public String preset;

  @Param("8")
  public int batch;

  private NDManager manager;
  private Runnable run;

  /** Copies the parameters to PyTorch and compares. */
  @Setup
  public void open(Figures figures) {
    Preset chosen = Presets.named(preset);
    UNet2DConfig config = chosen.model();
    Map<String, HostTensor> initial = Workload.initial(config);
    manager = NDManager.newBaseManager("PyTorch");
    DjlUNet model = new DjlUNet(manager, config, initial);
    NDArray images = images(config);
    float[] values = Workload.timesteps(batch, chosen.trainTimesteps());
    NDArray timesteps = manager.create(values, new Shape(batch, 1));
    DjlTraining training =
        new DjlTraining(manager, model, chosen.recipe().optimization().learningRate());
    try (Engine jvm = Engines.open("jvm", EngineOptions.DEFAULT)) {
      double error = compare(jvm, config, initial, model, training, timesteps);
      figures.set(flops(jvm, chosen), 0, error);
    }
    if (program == Program.FORWARD) {
      model.parameters().values().forEach(parameter -> parameter.setRequiresGradient(false));
      run = () -> predict(model, images, timesteps);
      return;
    }
    NoiseSchedule schedule =
        SchedulerConfig.of(chosen.trainTimesteps(), chosen.schedule(), chosen.prediction())
            .noiseSchedule();
    NDArray signal = perImage(values, schedule::signal);
    NDArray sigma = perImage(values, schedule::sigma);
    run = () -> training.step(images, timesteps, signal, sigma);
  }

  private NDArray images(UNet2DConfig config) {
    int side = config.sampleSize().height();
    int width = config.sampleSize().width();
    return manager.create(
        Workload.images(config, batch), new Shape(batch, config.inChannels(), side, width));
  }

  private NDArray perImage(float[] timesteps, IntToDoubleFunction of) {
    float[] values = new float[batch];
    for (int i = 0; i < batch; i++) {
      values[i] = (float) of.applyAsDouble((int) timesteps[i]);
    }
    return manager.create(values, new Shape(batch, 1, 1, 1));
  }

  private double flops(Engine jvm, Preset chosen) {
    String what = program == Program.FORWARD ? "forward" : "train-step";
    try (Workload workload = Workload.of(what, jvm, chosen, batch)) {
      return workload.flops();
    }
  }

  /** Output and gradients of one pass; the images are their own target, turned around. */
  private double compare(
      Engine jvm,
      UNet2DConfig config,
      Map<String, HostTensor> initial,
      DjlUNet model,
      DjlTraining training,
      NDArray timesteps) {
    float[] sample = Workload.images(config, batch);
    float[] target = new float[sample.length];
    for (int i = 0; i < target.length; i++) {
      target[i] = -sample[i];
    }
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    Map<String, float[]> values =
        new HashMap<>(UNetInputs.of(sample, timesteps.toFloatArray(), null).values());
    values.put("target", target);
    try (LossGradients gradients =
            LossGradients.record(
                    Objective.meanSquaredError(new UNet2DModel(config), Model.SAMPLE),
                    new BatchShape(batch, height, width))
                .open(jvm, initial);
        NDScope _ = new NDScope()) {
      gradients.run(values);
      float[] output = gradients.images(Model.SAMPLE);
      NDArray images = images(config);
      NDArray targets = manager.create(target, images.getShape());
      double error =
          Peers.compare("output", output, model.predict(images, timesteps).toFloatArray());
      SequencedMap<String, HostTensor> expected = gradients.gradients();
      double least =
          LEAST_GRADIENT
              * expected.values().stream()
                  .mapToDouble(g -> Peers.largest(g.values()))
                  .max()
                  .orElse(0);
      for (Map.Entry<String, float[]> peer :
          training.gradients(images, timesteps, targets).entrySet()) {
        String name = peer.getKey();
        float[] ours = expected.remove(name).values();
        error = Math.max(error, Peers.compare("gradient of " + name, ours, peer.getValue(), least));
      }
      if (!expected.isEmpty()) {
        throw new IllegalStateException("the peer has no parameters " + expected.keySet());
      }
      return error;
    }
  }

  private static void predict(DjlUNet model, NDArray images, NDArray timesteps) {
    try (NDScope _ = new NDScope()) {
      model.predict(images, timesteps);
    }
  }

  /** One run of the program. */
  @org.openjdk.jmh.annotations.Benchmark
  public void run() {
    run.run();
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    manager.close();
  }
}
