package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.BetaSchedule;
import io.github.tornadodiffusion.diffusion.PredictionType;
import io.github.tornadodiffusion.diffusion.TrainingConfig;
import io.github.tornadodiffusion.nn.LearningRateSchedule;
import io.github.tornadodiffusion.nn.UNet2DConfig;
import java.util.function.IntToLongFunction;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options of {@code train} that decide its result; those not given are the preset's. */
final class TrainOptions {
  @Option(
      names = "--preset",
      paramLabel = "P",
      defaultValue = Presets.DEFAULT,
      description = "digits, butterflies or unit1 (default: ${DEFAULT-VALUE}).")
  String preset;

  @Option(
      names = "--data",
      paramLabel = "SRC",
      description = "digits, butterflies, butterflies:COUNT or a directory of images.")
  String data;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      description = "Noise schedule: linear, scaled_linear, squaredcos_cap_v2 or sigmoid.")
  String schedule;

  @Option(
      names = "--prediction",
      paramLabel = "NAME",
      description = "What the model predicts: epsilon, v_prediction or sample.")
  String prediction;

  @Option(names = "--image-size", paramLabel = "N", description = "Width and height in pixels.")
  Integer imageSize;

  @Option(names = "--channels", paramLabel = "N", description = "1 (grey) or 3 (colour).")
  Integer channels;

  @Option(names = "--batch", paramLabel = "N", description = "Images a step.")
  Integer batch;

  @ArgGroup(exclusive = true)
  Length length = new Length();

  @Option(names = "--lr", paramLabel = "F", description = "Learning rate of AdamW.")
  Double learningRate;

  @Option(
      names = "--lr-schedule",
      paramLabel = "NAME",
      description = "Learning-rate schedule as diffusers names it, for instance cosine.")
  String learningRateSchedule;

  @Option(names = "--warmup", paramLabel = "N", description = "Steps of the rate's warm-up.")
  Integer warmup;

  @Option(
      names = "--ema",
      paramLabel = "F",
      description = "Most that the moving average of the parameters keeps; 0 for no average.")
  Double ema;

  @Option(
      names = "--max-grad-norm",
      paramLabel = "F",
      description = "Clip gradients to this norm; 0 for no clipping.")
  Double maxGradNorm;

  @Option(
      names = "--flip",
      negatable = true,
      description = "Mirror images at random, or with --no-flip do not.")
  Boolean flip;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of everything that is random (default: ${DEFAULT-VALUE}).")
  long seed;

  /** How long to train. */
  static final class Length {
    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps.")
    Integer steps;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the data.")
    Integer epochs;
  }

  /**
   * The configuration, with one step in place of the number that the data decides.
   *
   * @throws IllegalArgumentException in one line naming the option and what is possible
   */
  TrainingConfig config() {
    Preset from = Presets.named(preset);
    Preset.Recipe recipe = from.recipe();
    return new TrainingConfig(
        from.name(),
        or(data, from.data()),
        model(from.model()),
        or(batch, recipe.batch()),
        1,
        or(flip, recipe.randomFlip()),
        from.trainTimesteps(),
        schedule == null ? from.schedule() : BetaSchedule.of(schedule),
        prediction == null ? from.prediction() : PredictionType.of(prediction),
        or(learningRate, recipe.learningRate()),
        learningRateSchedule == null
            ? recipe.learningRateSchedule()
            : LearningRateSchedule.Kind.of(learningRateSchedule),
        or(warmup, recipe.warmupSteps()),
        0.9,
        0.999,
        1e-8,
        1e-2,
        or(maxGradNorm, recipe.maxGradNorm()),
        or(ema, recipe.emaDecay()),
        seed);
  }

  private UNet2DConfig model(UNet2DConfig from) {
    if (imageSize != null && imageSize < 1) {
      throw new IllegalArgumentException("--image-size is " + imageSize + "; give 1 or more");
    }
    int side = or(imageSize, from.sampleSize().height());
    int planes = or(channels, from.inChannels());
    return from.toBuilder().sampleSize(side).inChannels(planes).outChannels(planes).build();
  }

  /**
   * Steps to train.
   *
   * @param stepsPerEpochs turns a number of epochs into steps
   */
  int steps(IntToLongFunction stepsPerEpochs) {
    Preset.Recipe recipe = Presets.named(preset).recipe();
    Integer steps = length.steps;
    Integer epochs = length.epochs;
    if (steps == null && epochs == null) {
      steps = recipe.steps() > 0 ? Integer.valueOf(recipe.steps()) : null;
      epochs = recipe.epochs();
    }
    long result = steps != null ? steps : epochs < 1 ? 0 : stepsPerEpochs.applyAsLong(epochs);
    if (result < 1 || result > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "this would be %d steps; give --steps or --epochs of at least 1".formatted(result));
    }
    return (int) result;
  }

  private static <T> T or(T given, T preset) {
    return given == null ? preset : given;
  }
}
