package io.github.tornadodiffusion.experiments.bench;

import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.UNetSampling;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInference;
import io.github.tornadodiffusion.nn.training.Initialisation;
import io.github.tornadodiffusion.nn.training.UNetTraining;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What a benchmark repeats.
 *
 * @param run one run
 * @param flops operations of the device in one run
 * @param resource to close at the end
 */
public record Workload(Runnable run, double flops, AutoCloseable resource)
    implements AutoCloseable {
  private static final long SEED = 1;

  /**
   * Builds the program of a benchmark on a device, with random parameters and images.
   *
   * @param what {@code forward} or {@code train-step}
   */
  public static Workload of(String what, Engine engine, Preset preset, int batch) {
    UNet2DConfig config = preset.model();
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    long parameters = MemoryNeed.parameters(config);
    if (what.equals("train-step")) {
      UNetTraining.Options options =
          new UNetTraining.Options(batch, height, width, preset.recipe().emaDecay() > 0);
      new MemoryNeed(UNetTraining.arenaFloats(config, options), parameters).check("--batch");
      return trainStep(UNetTraining.open(engine, config, initial(config), options), preset, batch);
    }
    return forward(inference(engine, config, batch), config, batch);
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
    int free = UNetSampling.free(sampling.registers());
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    new MemoryNeed(
            UNetInference.arenaFloats(config, batch, height, width, free),
            MemoryNeed.parameters(config))
        .check("--batch");
    return sample(
        UNetInference.openForSampling(engine, config, initial(config), batch, height, width, free),
        sampling,
        config,
        batch);
  }

  private static UNetInference inference(Engine engine, UNet2DConfig config, int batch) {
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    new MemoryNeed(
            UNetInference.arenaFloats(config, batch, height, width), MemoryNeed.parameters(config))
        .check("--batch");
    return UNetInference.open(engine, config, initial(config), batch, height, width);
  }

  /** Random parameters, the same every time. */
  public static Map<String, HostTensor> initial(UNet2DConfig config) {
    return Initialisation.pytorchDefault(new UNet2DModel(config).parameters(), SEED);
  }

  private static Workload forward(UNetInference inference, UNet2DConfig config, int batch) {
    float[] sample = images(config, batch);
    float[] timesteps = timesteps(batch, 1000);
    return new Workload(
        () -> inference.predict(sample, timesteps, labels(config, batch)),
        inference.program().flops(),
        inference);
  }

  private static Workload sample(
      UNetInference inference, Sampling sampling, UNet2DConfig config, int batch) {
    Pipeline pipeline =
        new Pipeline(
            new UNetSampling(inference),
            config.inChannels(),
            config.sampleSize().height(),
            config.sampleSize().width());
    return new Workload(
        () -> pipeline.sample(sampling, batch, SEED, labels(config, batch), Pipeline.Progress.NONE),
        inference.program().flops() * sampling.calls(),
        inference);
  }

  private static Workload trainStep(UNetTraining training, Preset preset, int batch) {
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
    Preset.Recipe recipe = preset.recipe();
    // The first step over and over: the parameters hardly move, and the work is the same.
    UNetTraining.StepInput input =
        new UNetTraining.StepInput(
            images,
            timesteps,
            labels(preset.model(), batch),
            signal,
            sigma,
            targetNoise,
            targetSample,
            SEED,
            0,
            new UNetTraining.Hyperparameters(
                (float) recipe.learningRate(),
                0.9f,
                0.999f,
                1e-8f,
                1e-2f,
                1,
                (float) recipe.maxGradNorm(),
                (float) recipe.emaDecay()));
    return new Workload(() -> training.step(input), training.program().flops(), training);
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
