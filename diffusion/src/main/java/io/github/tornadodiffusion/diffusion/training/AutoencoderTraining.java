package io.github.tornadodiffusion.diffusion.training;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.WeightFiles;
import io.github.tornadodiffusion.nn.models.ParameterFiles;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.models.autoencoder.Reconstruction;
import io.github.tornadodiffusion.nn.programs.LossWeights;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Trains an autoencoder to give images back, with latents that are nearly normal. The loss that is
 * reported is the mean squared error of the images.
 *
 * @param config the autoencoder
 * @param base the parameters that training begins with; null for new ones
 * @param baseHash the hash of the model that they are of
 * @param images the data
 * @param klWeight of the divergence of the latents
 */
public record AutoencoderTraining(
    AutoencoderKLConfig config,
    SequencedMap<String, HostTensor> base,
    String baseHash,
    Dataset images,
    double klWeight,
    int batch,
    int steps,
    boolean randomFlip,
    Optimization optimization,
    long seed,
    TrainingVariant variant)
    implements TrainingTask {
  /** The directory of an autoencoder in a pipeline. */
  public static final String DIRECTORY = "vae";

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException in one line naming the value and what is possible
   */
  public AutoencoderTraining {
    check(batch >= 1, "batch", batch, "at least 1");
    check(batch % variant.shards() == 0, "batch", batch, "a multiple of the shards");
    check(steps >= 1, "steps", steps, "at least 1");
    check(klWeight >= 0 && klWeight <= 1000, "kl_weight", klWeight, "from 0 to 1000");
  }

  /** The same with another number of steps. */
  public AutoencoderTraining withSteps(int newSteps) {
    return new AutoencoderTraining(
        config,
        base,
        baseHash,
        images,
        klWeight,
        batch,
        newSteps,
        randomFlip,
        optimization,
        seed,
        variant);
  }

  @Override
  public String preset() {
    return "autoencoder";
  }

  /** There is but one timestep, because nothing is noised. */
  @Override
  public DDPMScheduler scheduler() {
    return new DDPMScheduler(
        SchedulerConfig.of(1, BetaSchedule.SQUAREDCOS_CAP_V2, prediction()),
        VarianceType.FIXED_SMALL);
  }

  @Override
  public PredictionType prediction() {
    return PredictionType.SAMPLE;
  }

  @Override
  public int trainTimesteps() {
    return 1;
  }

  @Override
  public Objective objective() {
    return new Reconstruction(new AutoencoderKL(config), false);
  }

  @Override
  public BatchShape shape() {
    return new BatchShape(shardBatch(), images.imageSize(), images.imageSize());
  }

  @Override
  public SequencedMap<String, HostTensor> initialParameters(TrainingDraws draws) {
    return base == null ? draws.initialParameters() : base;
  }

  @Override
  public Integer numClassEmbeds() {
    return null;
  }

  @Override
  public boolean conditioned() {
    return false;
  }

  @Override
  public void checkData(Dataset dataset) {
    int factor = config.scaleFactor();
    if (dataset.imageSize() % factor != 0) {
      throw new IllegalArgumentException(
          "--image-size is %d; give a multiple of %d".formatted(dataset.imageSize(), factor));
    }
  }

  @Override
  public double weight(NoiseSchedule schedule, TrainingDraws.Draw draw, int image) {
    return 1;
  }

  @Override
  public Map<String, float[]> values(
      NoiseSchedule schedule, TrainingDraws.Draw draw, float[] weights) {
    float[] divergence = weights.clone();
    for (int i = 0; i < divergence.length; i++) {
      divergence[i] *= (float) klWeight;
    }
    Map<String, float[]> values = new HashMap<>();
    values.put(AutoencoderKL.IMAGES, draw.batch().images());
    values.put(LossWeights.of(Reconstruction.ERROR), weights);
    values.put(LossWeights.of(Reconstruction.DIVERGENCE), divergence);
    return values;
  }

  @Override
  public long hostFloats() {
    long side = images.imageSize();
    return (DrawsAhead.AHEAD + 1L) * shardBatch() * images.channels() * side * side;
  }

  @Override
  public Map<String, Object> toMap() {
    Map<String, Object> map = new TreeMap<>();
    map.put("preset", preset());
    map.put("data", images.name());
    map.put("unet", config.toJson());
    map.put("batch", batch);
    map.put("steps", steps);
    map.put("random_flip", randomFlip);
    map.put("image_size", images.imageSize());
    map.put("kl_weight", klWeight);
    map.put("seed", seed);
    optimization.putInto(map);
    variant.putInto(map);
    map.put("base_model", base == null ? "none" : baseHash);
    return map;
  }

  @Override
  public void write(Path directory, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    ParameterFiles.write(
        directory.resolve(DIRECTORY), config.toJson(), WeightFiles.WEIGHTS, parameters);
  }

  @Override
  public String command() {
    return "train autoencoder";
  }

  @Override
  public String files() {
    return "vae/";
  }

  @Override
  public String sampleCommand(String path) {
    return null;
  }

  @Override
  public String describe() {
    return "kl_weight " + klWeight;
  }
}
