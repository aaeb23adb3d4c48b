package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.training.TrainOptions;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of experiments that train models and measure them. */
public final class StudyOptions {
  private static final int MOST_SEEDS = 1000;
  private static final int MOST_SAMPLES = 100_000;

  @Option(
      names = "--preset",
      paramLabel = "P",
      defaultValue = Presets.DEFAULT,
      description = "Model and recipe: digits, butterflies or unit1 (default: ${DEFAULT-VALUE}).")
  String preset;

  @Option(
      names = "--data",
      paramLabel = "SRC",
      description = "Data set, as 'train' takes it (default: the preset's).")
  String data;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "How many seeds, 0 first (default: 5; with --quick 3).")
  Integer seeds;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Training steps (default: the preset's; with --quick 200).")
  Integer steps;

  @Option(names = "--batch", paramLabel = "N", description = "Images a training step.")
  Integer batch;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Images that are sampled for each figure (default: 300; with --quick 200).")
  Integer samples;

  @Option(
      names = "--classifier-steps",
      paramLabel = "N",
      defaultValue = "600",
      description =
          "Training steps of the classifier in whose features samples are compared (default:"
              + " ${DEFAULT-VALUE}).")
  int classifierSteps;

  /** A value, or else the default, which depends on whether the run is quick. */
  public static <T> T or(T given, T full, T quick, boolean isQuick) {
    return given != null ? given : isQuick ? quick : full;
  }

  public int seeds(boolean quick) {
    return within("--seeds", or(seeds, 5, 3, quick), MOST_SEEDS);
  }

  public int samples(boolean quick) {
    return within("--samples", or(samples, 300, 200, quick), MOST_SAMPLES);
  }

  public int classifierSteps() {
    return within("--classifier-steps", classifierSteps, 1_000_000);
  }

  /** Notes the classifier's option where there are no classes to learn. */
  public static void noteClassifier(Ineffective options, Dataset dataset) {
    options.note(
        "--classifier-steps",
        dataset.classes() < 2,
        "the images of %s have no classes, without which there is no classifier; leave it out"
            .formatted(dataset.name()));
  }

  /** A whole number from 1 to a most. */
  public static int within(String option, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException("%s is %d; give 1 to %d".formatted(option, value, most));
    }
    return value;
  }

  /** Steps of samplers, each at least 1 and all different. */
  public static List<Integer> checkSteps(List<Integer> steps) {
    for (int value : steps) {
      within("--sample-steps", value, 1_000_000);
    }
    if (steps.stream().distinct().count() < steps.size()) {
      throw new IllegalArgumentException(
          "--sample-steps has a number twice; give every number once");
    }
    return steps.stream().sorted().toList();
  }

  /**
   * Checks the names of what is compared.
   *
   * @param least how many there must be
   */
  public static void checkNames(String option, List<String> names, int least) {
    if (names.size() < least || names.stream().distinct().count() < names.size()) {
      throw new IllegalArgumentException(
          "%s is %s; give at least %d different names"
              .formatted(option, Messages.line(String.join(",", names)), least));
    }
  }

  /**
   * diffusers' name of a sampler for models that are trained here.
   *
   * @throws IllegalArgumentException if there is none of that name, or it needs other models
   */
  public static String sampler(String name) {
    String known = Schedulers.className(name);
    if (OTHER_MODELS.contains(known)) {
      throw new IllegalArgumentException(
          "%s does not sample images from noise with a model of this kind; choose another"
              .formatted(known));
    }
    return known;
  }

  /** Samplers that need other kinds of models, or lead from images to noise. */
  public static final List<String> OTHER_MODELS =
      List.of(
          "EDMEulerScheduler",
          "FlowMatchEulerDiscreteScheduler",
          "CMStochasticIterativeScheduler",
          "DDIMInverseScheduler");

  /** The options of 'train' for an arm and a seed. */
  private TrainOptions train(StudyArm arm, long seed, boolean quick) {
    TrainOptions train = new TrainOptions();
    train.preset = preset;
    train.data = data;
    train.batch = batch;
    train.accumulate = 1;
    train.rng = "philox";
    train.seed = seed;
    if (arm != null) {
      train.schedule = arm.schedule().id();
      train.prediction = arm.prediction().id();
      train.variance = arm.variance().id();
      train.rescaleBetasZeroSnr = arm.rescaleBetasZeroSnr();
    }
    train.length.steps = steps != null ? steps : quick ? Integer.valueOf(200) : null;
    return train;
  }

  /** The training of an arm before the data is known; see {@link TrainOptions#config}. */
  public TrainingConfig config(StudyArm arm, long seed) throws IOException {
    return train(arm, seed, false).config();
  }

  /**
   * The training of an arm.
   *
   * @param arm null for the preset's own settings
   * @throws IllegalArgumentException in one line naming the option and what is possible
   */
  public TrainingConfig config(StudyArm arm, long seed, Dataset dataset, boolean quick)
      throws IOException {
    TrainOptions train = train(arm, seed, quick);
    return train.complete(train.config(), dataset);
  }
}
