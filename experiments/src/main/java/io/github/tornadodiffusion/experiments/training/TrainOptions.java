package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.diffusion.training.TrainingVariant;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.IntToLongFunction;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options of {@code train} that determine its result; missing ones are taken from the preset.
 */
public final class TrainOptions extends RecipeOptions {
  /** Ho and Salimans (2022) find 0.1 and 0.2 to be equally good. */
  private static final double LABEL_DROPOUT = 0.1;

  @Mixin public ImageOptions images = new ImageOptions();

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      description = "Noise schedule: " + ScheduleNames.HELP + "; see --plugin.")
  public String schedule;

  @Option(
      names = ScheduleNames.RESCALE,
      description =
          "Rescale the noise schedule so that its last timestep is noise alone (zero terminal SNR),"
              + " for --prediction v_prediction or sample.")
  public boolean rescaleBetasZeroSnr;

  @Option(
      names = "--prediction",
      paramLabel = "NAME",
      description = "What the model predicts: epsilon, v_prediction or sample.")
  public String prediction;

  @Option(
      names = "--variance",
      paramLabel = "NAME",
      description =
          "Variance of a DDPM step: fixed_small (default), fixed_large, or learned_range for a"
              + " model that predicts it.")
  public String variance;

  @Option(names = "--class-conditional", description = "Teach the model the classes of the data.")
  boolean classConditional;

  @Option(
      names = "--label-dropout",
      paramLabel = "F",
      description = "Share of images without their class, for guidance (default: 0.1).")
  Double labelDropout;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Begin with this model, its image size and its noise schedule.")
  Path model;

  @Option(
      names = "--rng",
      paramLabel = "NAME",
      defaultValue = "philox",
      description = "philox, or torch for the random numbers of PyTorch (default: philox).")
  public String rng;

  /**
   * The configuration before the data is known: with one step and without classes.
   *
   * @throws IOException in one line if the base model cannot be read
   * @throws IllegalArgumentException in one line naming the option and what is possible
   */
  public TrainingConfig config() throws IOException {
    Preset from = Presets.named(images.preset());
    Preset.Recipe recipe = from.recipe();
    DiffusionModel base = model == null ? null : base();
    SchedulerConfig scheduler =
        base == null
            ? SchedulerConfig.of(
                from.trainTimesteps(),
                schedule == null ? from.schedule() : ScheduleNames.schedule(schedule),
                prediction == null ? from.prediction() : PredictionType.of(prediction))
            : base.scheduler().config();
    VarianceType varianceType =
        base != null
            ? base.trainingScheduler().varianceType()
            : variance == null ? VarianceType.FIXED_SMALL : VarianceType.of(variance);
    return new TrainingConfig(
        from.name(),
        images.data(),
        base == null ? unet(from.model(), varianceType) : base.unet(),
        or(batch, recipe.batch()),
        1,
        or(flip, recipe.randomFlip()),
        scheduler.numTrainTimesteps(),
        scheduler.betaSchedule(),
        scheduler.predictionType(),
        optimization(recipe.optimization()),
        seed,
        new TrainingVariant(
            accumulate,
            lossWeight(),
            0,
            emaPower,
            varianceType,
            Rng.of(rng),
            density(),
            base,
            rescaleBetasZeroSnr,
            shards == null ? 1 : shards));
  }

  private DiffusionModel base() throws IOException {
    if (rescaleBetasZeroSnr
        || Stream.of(schedule, prediction, variance, images.imageSize, images.channels)
            .anyMatch(Objects::nonNull)) {
      throw new IllegalArgumentException(
          "--schedule, --rescale-betas-zero-snr, --prediction, --variance, --image-size and"
              + " --channels are those of the --model; leave them out");
    }
    return DiffusionModel.read(model);
  }

  /**
   * The configuration once the data is known: with its classes and the number of steps.
   *
   * @throws IOException in one line if the base model cannot be read
   * @throws IllegalArgumentException in one line naming the option and what is possible
   */
  public TrainingConfig complete(TrainingConfig before, Dataset dataset) throws IOException {
    TrainingConfig config = classes(before, dataset);
    return config.withSteps(steps(epochs -> config.steps(dataset, epochs)));
  }

  private TrainingConfig classes(TrainingConfig config, Dataset dataset) throws IOException {
    TrainingVariant plain = config.variant();
    UNet2DConfig unet = config.unet();
    double dropout = or(labelDropout, LABEL_DROPOUT);
    if (plain.base() != null) {
      ClassLabels known = ClassLabels.read(model, unet.numClassEmbeds());
      if (classConditional && known == null) {
        throw new IllegalArgumentException(
            "the model of --model has no classes; leave --class-conditional out");
      }
      boolean drops = known != null && known.nullClass() != null;
      dropout = drops ? dropout : 0;
    } else if (classConditional) {
      if (dataset.classes() < 1) {
        throw new IllegalArgumentException(
            "the images of %s have no classes; leave --class-conditional out"
                .formatted(dataset.name()));
      }
      unet = unet.toBuilder().numClassEmbeds(dataset.classes() + (dropout > 0 ? 1 : 0)).build();
    } else {
      dropout = 0;
    }
    if (labelDropout != null && labelDropout > 0 && dropout == 0) {
      throw new IllegalArgumentException(
          "--label-dropout is for models with classes and one of them for images without label;"
              + " leave it out or add --class-conditional");
    }
    return config.withModel(unet, plain.withLabelDropout(dropout));
  }

  /**
   * What the labels of the model will mean; null for a model without classes. Those of a model that
   * it begins with keep their names where the data has fewer.
   *
   * @param err where to say that the data's classes are others than the model's
   */
  ClassLabels labels(TrainingConfig config, Dataset dataset, PrintWriter err) throws IOException {
    ClassLabels labels = config.classLabels(dataset.classNames());
    ClassLabels before =
        labels == null || model == null
            ? null
            : ClassLabels.read(model, config.unet().numClassEmbeds());
    if (before == null || before.names().isEmpty()) {
      return labels;
    }
    List<String> taught = dataset.classNames();
    List<String> known = before.names().subList(0, Math.min(before.classes(), dataset.classes()));
    if (!known.equals(taught)) {
      err.println(
          "warning: "
              + Messages.line(
                  "the classes of the data are %s and those of the model %s; they are learned in"
                          .formatted(Messages.firstOf(taught), before.describe())
                      + " the places of the model's"));
    }
    return labels.names().isEmpty()
        ? new ClassLabels(labels.classes(), labels.nullClass(), before.names())
        : labels;
  }

  /** What is unusual about a training, in one line; empty for nothing. */
  Stream<String> warning() {
    boolean epsilon =
        prediction == null
            ? Presets.named(images.preset()).prediction() == PredictionType.EPSILON
            : PredictionType.of(prediction) == PredictionType.EPSILON;
    return rescaleBetasZeroSnr && epsilon
        ? Stream.of(
            "with --rescale-betas-zero-snr the last timestep is noise alone, where a predicted"
                + " noise says nothing of the image; take --prediction v_prediction or --prediction"
                + " sample")
        : Stream.empty();
  }

  private UNet2DConfig unet(UNet2DConfig from, VarianceType varianceType) {
    if (images.imageSize != null && images.imageSize < 1) {
      throw new IllegalArgumentException(
          "--image-size is " + images.imageSize + "; give 1 or more");
    }
    int side = or(images.imageSize, from.sampleSize().height());
    int planes = or(images.channels, from.inChannels());
    int outputs = varianceType == VarianceType.LEARNED_RANGE ? 2 * planes : planes;
    return from.toBuilder().sampleSize(side).inChannels(planes).outChannels(outputs).build();
  }

  /**
   * Steps to train.
   *
   * @param stepsPerEpochs turns a number of epochs into steps
   */
  public int steps(IntToLongFunction stepsPerEpochs) {
    return steps(Presets.named(images.preset()).recipe(), stepsPerEpochs);
  }

  /** Chooses the preset that fits the data, see {@link ImageOptions#fit}. */
  void fit() {
    if (model == null) {
      images.fit();
    }
  }
}
