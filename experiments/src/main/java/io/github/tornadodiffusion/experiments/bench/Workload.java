package io.github.tornadodiffusion.experiments.bench;

import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.sampling.DeviceSampling;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Denoising;
import io.github.tornadodiffusion.nn.training.Initialisation;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The work that a benchmark repeats.
 *
 * @param run one run
 * @param flops floating-point operations in one run
 * @param floats that it keeps on the device
 * @param resource to close at the end
 */
public record Workload(Runnable run, double flops, long floats, AutoCloseable resource)
    implements AutoCloseable {
  private static final long SEED = 1;

  /**
   * Builds the program of a benchmark on a device, with random parameters and images.
   *
   * @param what {@code forward} or {@code train-step}
   */
  public static Workload of(String what, Engine engine, Preset preset, int batch) {
    if (what.equals("train-step")) {
      return trainStep(engine, preset, training(preset, batch));
    }
    UNet2DConfig config = preset.model();
    RecordedProgram<Inference> program =
        Inference.record(new UNet2DModel(config), shape(config, batch));
    checkMemory(program, config);
    return forward(program.open(engine, initial(config)), config, batch);
  }

  /** The program of a step of training. */
  public static RecordedProgram<Training> training(Preset preset, int batch) {
    boolean ema = preset.recipe().optimization().emaDecay() > 0;
    return Training.record(
        new Denoising(new UNet2DModel(preset.model()), false),
        shape(preset.model(), batch),
        new Training.Options(adamW(preset), Trainable.ALL, ema, false));
  }

  private static AdamW adamW(Preset preset) {
    return new AdamW((float) preset.recipe().optimization().learningRate());
  }

  private static void checkMemory(RecordedProgram<?> program, UNet2DConfig config) {
    new MemoryNeed(program.floats(), MemoryNeed.parameters(config)).check("--batch");
  }

  /**
   * Builds the program of a sampling run with DDIM, with random parameters.
   *
   * @param steps from noise to image
   */
  public static Workload sample(Engine engine, Preset preset, int batch, int steps) {
    UNet2DConfig config = preset.model();
    Sampling sampling =
        Sampling.of(
            new DDIMScheduler(
                SchedulerConfig.of(
                    preset.trainTimesteps(), preset.schedule(), preset.prediction())),
            steps);
    RecordedProgram<SampleRegisters> program =
        SampleRegisters.record(
            new UNet2DModel(config),
            shape(config, batch),
            DeviceSampling.free(sampling.registers()));
    checkMemory(program, config);
    return sample(program.open(engine, initial(config)), sampling, config, batch);
  }

  /** The calls of a trial. */
  public static Workload trial(Engine engine, Trial trial) {
    Program program =
        new Program(
            trial.label(),
            trial.calls(),
            Collections.nCopies(trial.calls().size(), trial.label()),
            List.of(),
            List.of());
    engine.prove(() -> List.of(trial));
    Engine.Session session = engine.open(trial.floats(), List.of(program));
    float[] content = trial.content().get();
    return new Workload(
        () -> {
          session.write(0, content, 0, content.length);
          session.run(program);
        },
        program.flops(),
        trial.floats(),
        session);
  }

  private static BatchShape shape(UNet2DConfig config, int batch) {
    return new BatchShape(batch, config.sampleSize().height(), config.sampleSize().width());
  }

  /** Random parameters, the same every time. */
  public static Map<String, HostTensor> initial(UNet2DConfig config) {
    return Initialisation.pytorchDefault(new UNet2DModel(config), SEED);
  }

  private static Workload forward(Inference inference, UNet2DConfig config, int batch) {
    float[] sample = images(config, batch);
    float[] timesteps = timesteps(batch, 1000);
    return new Workload(
        () -> inference.predict(UNetInputs.of(sample, timesteps, labels(config, batch)).values()),
        inference.loaded().program().flops(),
        inference.loaded().arenaFloats(),
        inference);
  }

  private static Workload sample(
      SampleRegisters registers, Sampling sampling, UNet2DConfig config, int batch) {
    Pipeline pipeline =
        new Pipeline(
            new DeviceSampling(registers),
            config.inChannels(),
            config.sampleSize().height(),
            config.sampleSize().width());
    return new Workload(
        () -> pipeline.sample(sampling, batch, SEED, labels(config, batch), Pipeline.Progress.NONE),
        registers.loaded().program().flops() * sampling.calls(),
        registers.loaded().arenaFloats(),
        registers);
  }

  /**
   * Builds the program of a step of training on a device, with random parameters and images.
   *
   * @param program of the preset, see {@link #training}
   */
  public static Workload trainStep(
      Engine engine, Preset preset, RecordedProgram<Training> program) {
    checkMemory(program, preset.model());
    int batch = program.batch().images();
    Training training = program.open(engine, initial(preset.model()));
    float[] images = images(preset.model(), batch);
    NoiseSchedule schedule =
        SchedulerConfig.of(preset.trainTimesteps(), preset.schedule(), preset.prediction())
            .noiseSchedule();
    float[] timesteps = timesteps(batch, preset.trainTimesteps());
    float[] signal = new float[batch];
    float[] sigma = new float[batch];
    float[] targetNoise = new float[batch];
    float[] targetSample = new float[batch];
    for (int i = 0; i < batch; i++) {
      signal[i] = (float) schedule.signal((int) timesteps[i]);
      sigma[i] = (float) schedule.sigma((int) timesteps[i]);
      targetNoise[i] = (float) preset.prediction().targetNoise(signal[i]);
      targetSample[i] = (float) preset.prediction().targetSample(sigma[i]);
    }
    Optimization recipe = preset.recipe().optimization();
    // Always the first step: the parameters hardly change, and the work is the same.
    Denoising.Batch values =
        new Denoising.Batch(
            images,
            timesteps,
            labels(preset.model(), batch),
            signal,
            sigma,
            targetNoise,
            targetSample,
            null,
            null,
            null);
    Training.StepInput input =
        new Training.StepInput(
            values.values(),
            new Counter(SEED, 0, 0),
            new OptimizerStep(
                adamW(preset), 1, (float) recipe.maxGradNorm(), (float) recipe.emaDecay()));
    return new Workload(
        () -> training.step(input),
        training.loaded().program().flops(),
        program.floats(),
        training);
  }

  /** Random images {@code [n, c, h, w]} in [-1, 1), the same every time. */
  public static float[] images(UNet2DConfig config, int batch) {
    SplittableRandom random = new SplittableRandom(SEED);
    float[] images =
        new float
            [batch
                * config.inChannels()
                * config.sampleSize().height()
                * config.sampleSize().width()];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) (2 * random.nextDouble() - 1);
    }
    return images;
  }

  /** Timesteps that are spread evenly. */
  public static float[] timesteps(int batch, int trainTimesteps) {
    float[] timesteps = new float[batch];
    for (int i = 0; i < batch; i++) {
      timesteps[i] = (int) ((i + 0.5) * trainTimesteps / batch);
    }
    return timesteps;
  }

  private static int[] labels(UNet2DConfig config, int batch) {
    return config.numClassEmbeds() == null ? null : new int[batch];
  }

  @Override
  public void close() {
    try {
      resource.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
