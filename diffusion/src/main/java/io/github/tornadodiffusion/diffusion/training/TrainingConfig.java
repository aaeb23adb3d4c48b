package io.github.tornadodiffusion.diffusion.training;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.training.Denoising;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Everything that determines the result of a training run.
 *
 * @param preset the name of the preset that the values began with
 * @param data the data set's source; see {@link Datasets#open}
 * @param unet the model; its sample size is the images' size
 * @param batch images per step
 * @param steps optimizer steps
 * @param randomFlip whether half of the images are mirrored
 * @param trainTimesteps T
 * @param schedule the variances
 * @param prediction what the model learns to predict
 * @param optimization how gradients change the parameters
 * @param seed of the initial parameters, the order of images, the timesteps and the noise
 * @param variant how the run departs from the plain recipe
 */
public record TrainingConfig(
    String preset,
    String data,
    UNet2DConfig unet,
    int batch,
    int steps,
    boolean randomFlip,
    int trainTimesteps,
    BetaSchedule schedule,
    PredictionType prediction,
    Optimization optimization,
    long seed,
    TrainingVariant variant)
    implements TrainingTask {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException in one line naming the value and what is possible
   */
  public TrainingConfig {
    check(batch >= 1, "batch", batch, "at least 1");
    check(
        batch % variant.shards() == 0,
        "batch",
        batch,
        "a multiple of the %d shards".formatted(variant.shards()));
    check(steps >= 1, "steps", steps, "at least 1");
    check(trainTimesteps >= 1, "num_train_timesteps", trainTimesteps, "at least 1");
    check(
        !unet.fourier() || trainTimesteps >= 2,
        "num_train_timesteps",
        trainTimesteps,
        "at least 2 for time_embedding_type fourier, which cannot take timestep 0");
    long together = (long) batch * variant.accumulate();
    check(
        together <= Integer.MAX_VALUE,
        "batch times accumulate",
        together,
        "at most " + Integer.MAX_VALUE);
    if (unet.sampleSize() == null || unet.sampleSize().height() != unet.sampleSize().width()) {
      throw new IllegalArgumentException(
          "The model's sample_size must be the images' size, as high as wide: set it");
    }
    int divisor = 1 << unet.downsamplings();
    check(
        unet.sampleSize().height() % divisor == 0,
        "image size",
        unet.sampleSize().height(),
        "a multiple of %d, because the model halves it %d times"
            .formatted(divisor, unet.downsamplings()));
    boolean twice = variant.learnsVariance();
    check(
        unet.outChannels() == (twice ? 2 : 1) * unet.inChannels(),
        "out_channels",
        unet.outChannels(),
        twice
            ? 2 * unet.inChannels() + ", twice in_channels, to predict the variance too"
            : unet.inChannels() + " as in_channels");
    check(
        unet.classVectorLength() == 0,
        "class_embed_type",
        unet.classEmbedType(),
        "null or timestep, because the classes of data are numbers");
    check(
        !unet.timeEmbeddingType().equals("learned") || unet.numTrainTimesteps() >= trainTimesteps,
        "num_train_timesteps of the model",
        unet.numTrainTimesteps(),
        "at least the schedule's " + trainTimesteps);
    Integer classes = unet.numClassEmbeds();
    check(
        variant.labelDropout() == 0 || classes != null && classes >= 2,
        "label_dropout",
        variant.labelDropout(),
        "0 for a model without classes");
    check(
        variant.base() == null || variant.base().unet().equals(unet),
        "the model",
        "not the base model's",
        "that of the model it begins with");
    if (variant.base() != null) {
      VarianceType known = variant.base().trainingScheduler().varianceType();
      check(
          variant.variance() == known,
          "variance_type",
          variant.variance().id(),
          known.id() + " as that of the model it begins with");
    }
  }

  /** The training of an unchanged preset, with the given number of steps. */
  public static TrainingConfig of(Preset preset, int steps, long seed) {
    return new TrainingConfig(
        preset.name(),
        preset.data(),
        preset.model(),
        preset.recipe().batch(),
        steps,
        preset.recipe().randomFlip(),
        preset.trainTimesteps(),
        preset.schedule(),
        preset.prediction(),
        preset.recipe().optimization(),
        seed,
        TrainingVariant.PLAIN);
  }

  /** Width and height of the images in pixels. */
  public int imageSize() {
    return unet.sampleSize().height();
  }

  /** The same with another number of steps. */
  public TrainingConfig withSteps(int newSteps) {
    return with(unet, newSteps, variant);
  }

  /** The same with another variant. */
  public TrainingConfig withVariant(TrainingVariant newVariant) {
    return with(unet, steps, newVariant);
  }

  /** The same with another model or variant. */
  public TrainingConfig withModel(UNet2DConfig newUnet, TrainingVariant newVariant) {
    return with(newUnet, steps, newVariant);
  }

  private TrainingConfig with(UNet2DConfig newUnet, int newSteps, TrainingVariant newVariant) {
    return new TrainingConfig(
        preset,
        data,
        newUnet,
        batch,
        newSteps,
        randomFlip,
        trainTimesteps,
        schedule,
        prediction,
        optimization,
        seed,
        newVariant);
  }

  /**
   * The lowest timestep that is trained on: 0, or 1 for a model that embeds logarithms
   * (time_embedding_type fourier).
   */
  @Override
  public int firstTimestep() {
    return unet.fourier() ? 1 : 0;
  }

  /**
   * The classes of the model; null for a model without.
   *
   * @param names of the classes that it is taught, in their order; left away where the model has
   *     more classes, since those of the others are not known
   */
  public ClassLabels classLabels(List<String> names) {
    Integer embeddings = unet.numClassEmbeds();
    if (embeddings == null) {
      return null;
    }
    boolean drops = variant.labelDropout() > 0;
    int classes = drops ? embeddings - 1 : embeddings;
    return new ClassLabels(
        classes, drops ? classes : null, names.size() == classes ? names : List.of());
  }

  /** The scheduler that the run trains for. */
  @Override
  public DDPMScheduler scheduler() {
    SchedulerConfig config =
        variant.base() == null
            ? SchedulerConfig.of(trainTimesteps, schedule, prediction)
            : variant.base().trainingScheduler().config();
    if (variant.rescaleBetasZeroSnr()) {
      config = config.withZeroTerminalSnr();
    }
    // A sampler must not end at a timestep that the model cannot take.
    return new DDPMScheduler(
        config.withStepsOffset(Math.max(config.stepsOffset(), firstTimestep())),
        variant.variance());
  }

  /** The values by name, such as {@link Json#write} takes. */
  @Override
  public Map<String, Object> toMap() {
    Map<String, Object> map = new TreeMap<>();
    map.put("preset", preset);
    map.put("data", data);
    map.put("unet", unet.toJson());
    map.put("batch", batch);
    map.put("steps", steps);
    map.put("random_flip", randomFlip);
    map.put("num_train_timesteps", trainTimesteps);
    map.put("beta_schedule", schedule.id());
    map.put("prediction_type", prediction.id());
    optimization.putInto(map);
    map.put("seed", seed);
    variant.putInto(map);
    return map;
  }

  @Override
  public Objective objective() {
    return new Denoising(new UNet2DModel(unet), variant.rng() == Rng.TORCH);
  }

  @Override
  public BatchShape shape() {
    return new BatchShape(shardBatch(), imageSize(), imageSize());
  }

  @Override
  public SequencedMap<String, HostTensor> initialParameters(TrainingDraws draws) {
    return variant.base() == null ? draws.initialParameters() : variant.base().parameters();
  }

  @Override
  public Integer numClassEmbeds() {
    return unet.numClassEmbeds();
  }

  @Override
  public boolean conditioned() {
    return unet.conditioned();
  }

  @Override
  public void checkData(Dataset dataset) {
    if (dataset.channels() != unet.inChannels()) {
      throw new IllegalArgumentException(
          "The images of %s have %d channels, the model %d: choose another data set or preset"
              .formatted(dataset.name(), dataset.channels(), unet.inChannels()));
    }
    if (dataset.imageSize() != imageSize()) {
      throw new IllegalArgumentException(
          "The images of %s are %d pixels wide, the model's %d: open the data at the model's size"
              .formatted(dataset.name(), dataset.imageSize(), imageSize()));
    }
    Integer classes = unet.numClassEmbeds();
    if (classes != null) {
      int known = variant.labelDropout() > 0 ? classes - 1 : classes;
      if (dataset.classes() < 1 || dataset.classes() > known) {
        throw new IllegalArgumentException(
            "The data set %s has %d classes, the model %d: choose another data set or model"
                .formatted(dataset.name(), dataset.classes(), known));
      }
    }
  }

  @Override
  public Map<String, float[]> values(
      NoiseSchedule noise, TrainingDraws.Draw draw, float[] weights) {
    return NoisyBatch.of(noise, prediction, draw, draw.labels(), weights, variance(noise, draw))
        .values();
  }

  /**
   * The inputs of the bound, in which all images have the same weight; null for a fixed variance.
   */
  private Denoising.Variance variance(NoiseSchedule noise, TrainingDraws.Draw draw) {
    if (!variant.learnsVariance()) {
      return null;
    }
    int count = draw.timesteps().length;
    float[] ranges = new float[count];
    float[] scales = new float[count];
    float[] halfBins = new float[count];
    float[] weights = new float[count];
    // The mean of the terms is an estimate of the bound's Tth part.
    double weight = draw.share(variant.accumulate()) * BoundTerm.WEIGHT * trainTimesteps;
    for (int i = 0; i < count; i++) {
      BoundTerm term = BoundTerm.at(noise, prediction, draw.timesteps()[i]);
      ranges[i] = (float) term.range();
      scales[i] = (float) term.scale();
      halfBins[i] = (float) term.halfBin();
      weights[i] = i < draw.images() ? (float) weight : 0;
    }
    return new Denoising.Variance(ranges, scales, halfBins, weights);
  }

  /** The values of images, and of noise where the host draws it, that are in memory at once. */
  @Override
  public long hostFloats() {
    long size = imageSize();
    long values = size * size * shardBatch() * unet.inChannels();
    boolean noise = variant.rng() == Rng.TORCH;
    // Those that wait, and the one in use.
    return (noise ? 2 * values : values) * (DrawsAhead.AHEAD + 1);
  }

  /** The model with the parameters that were trained. */
  public DiffusionModel model(SequencedMap<String, HostTensor> parameters) {
    return new DiffusionModel(scheduler(), unet, parameters);
  }

  @Override
  public void write(Path directory, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    model(parameters).writeInto(directory);
  }
}
