package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.training.LossWeight;
import io.github.tornadodiffusion.diffusion.training.MinSnr;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.TimestepDensity;
import io.github.tornadodiffusion.diffusion.training.TrainingTask;
import io.github.tornadodiffusion.diffusion.training.TrainingVariant;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;
import java.util.function.IntToLongFunction;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options of every command that trains: how gradients change parameters, and for how long. */
class RecipeOptions {
  /** Names the number of shards. */
  static final String SHARDS = "--shards";

  @Option(names = "--batch", paramLabel = "N", description = "Images a step.")
  public Integer batch;

  @ArgGroup(exclusive = true)
  public Length length = new Length();

  @Option(names = "--lr", paramLabel = "F", description = "Learning rate of AdamW.")
  Double learningRate;

  @Option(
      names = "--lr-schedule",
      paramLabel = "NAME",
      description =
          "Learning-rate schedule: constant, constant_with_warmup, linear, cosine,"
              + " cosine_with_restarts or polynomial.")
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
      names = "--accumulate",
      paramLabel = "N",
      defaultValue = "1",
      description = "Batches whose gradients go into one update (default: ${DEFAULT-VALUE}).")
  public int accumulate;

  @Option(
      names = SHARDS,
      paramLabel = "N",
      description =
          "Parts of a batch, a power of two, whose gradients are computed apart: so many processes,"
              + " or fewer, train together under mpirun or srun with the same bits (default: as"
              + " many as processes).")
  Integer shards;

  @Option(
      names = "--snr-gamma",
      paramLabel = "F",
      defaultValue = "0",
      description = "Min-SNR weighting of the loss; 5 is usual, 0 for none (default).")
  double snrGamma;

  @Option(
      names = "--loss-weight",
      paramLabel = "CLASS",
      description = "A LossWeight of your own, in place of --snr-gamma; see --plugin.")
  String lossWeight;

  @Option(
      names = "--timestep-density",
      paramLabel = "CLASS",
      description = "A TimestepDensity of your own (default: all timesteps alike); see --plugin.")
  String timestepDensity;

  @Option(
      names = "--ema-power",
      paramLabel = "F",
      defaultValue = "0",
      description = "Warm-up of the average as 1 - (1 + step)^-F; 0 for (1 + step) / (10 + step).")
  double emaPower;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of everything that is random (default: ${DEFAULT-VALUE}).")
  public long seed;

  /** How long to train. */
  public static final class Length {
    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps.")
    public Integer steps;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the data.")
    Integer epochs;
  }

  /**
   * The variant of a training that begins with a model of another kind, or with none.
   *
   * @param dropout share of labels that are left out
   */
  TrainingVariant variant(double dropout) {
    return new TrainingVariant(
        accumulate,
        lossWeight(),
        dropout,
        emaPower,
        VarianceType.FIXED_SMALL,
        Rng.PHILOX,
        density(),
        null,
        false,
        shards == null ? 1 : shards);
  }

  TimestepDensity density() {
    return timestepDensity == null ? TimestepDensity.UNIFORM : TimestepDensity.of(timestepDensity);
  }

  Optimization optimization(Optimization preset) {
    return Optimization.constant(or(learningRate, preset.learningRate()))
        .withSchedule(
            learningRateSchedule == null
                ? preset.lrSchedule()
                : LearningRateSchedule.Kind.of(learningRateSchedule),
            or(warmup, preset.lrWarmupSteps()))
        .withMaxGradNorm(or(maxGradNorm, preset.maxGradNorm()))
        .withEmaDecay(or(ema, preset.emaDecay()));
  }

  LossWeight lossWeight() {
    if (lossWeight == null) {
      return MinSnr.of(snrGamma);
    }
    if (snrGamma != 0) {
      throw new IllegalArgumentException(
          "--snr-gamma and --loss-weight both weigh the loss; leave one out");
    }
    return LossWeight.of(lossWeight);
  }

  /**
   * Notes the options that change nothing, given the others.
   *
   * @param config of the training that they make
   */
  void note(Ineffective options, TrainingTask config) {
    Optimization recipe = config.optimization();
    LearningRateSchedule.Kind kind = recipe.lrSchedule();
    boolean constant = kind == LearningRateSchedule.Kind.CONSTANT;
    boolean curve = !constant && kind != LearningRateSchedule.Kind.CONSTANT_WITH_WARMUP;
    options
        .note(
            "--warmup",
            constant && recipe.lrWarmupSteps() > 0,
            "--lr-schedule constant has no warm-up; take --lr-schedule constant_with_warmup")
        .note(
            "--lr-schedule",
            curve && recipe.lrWarmupSteps() >= config.steps(),
            "the warm-up of %d steps lasts as long as the training, of %d; give a smaller --warmup"
                .formatted(recipe.lrWarmupSteps(), config.steps()))
        .note(
            "--ema-power",
            emaPower != 0 && recipe.emaDecay() == 0,
            "there is no moving average; give --ema, for instance --ema 0.999");
  }

  /**
   * Steps to train.
   *
   * @param recipe that says how many where nothing is given
   * @param stepsPerEpochs turns a number of epochs into steps
   */
  int steps(Preset.Recipe recipe, IntToLongFunction stepsPerEpochs) {
    Integer steps = length.steps;
    Integer epochs = length.epochs;
    if (steps == null && epochs == null) {
      steps = recipe.steps() > 0 ? Integer.valueOf(recipe.steps()) : null;
      epochs = recipe.epochs();
    }
    if (steps != null) {
      return atLeastOne("--steps", steps);
    }
    long result = stepsPerEpochs.applyAsLong(atLeastOne("--epochs", epochs));
    if (result > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "--epochs %d would be %d steps, more than %d; give fewer"
              .formatted(epochs, result, Integer.MAX_VALUE));
    }
    return (int) result;
  }

  private static int atLeastOne(String option, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s is %d; give at least 1".formatted(option, value));
    }
    return value;
  }

  static <T> T or(T given, T preset) {
    return given == null ? preset : given;
  }
}
