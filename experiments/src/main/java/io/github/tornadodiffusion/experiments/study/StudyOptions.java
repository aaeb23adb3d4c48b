package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.data.ChosenClasses;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.training.ImageOptions;
import io.github.tornadodiffusion.experiments.training.TrainOptions;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of experiments that train models and measure them. */
public final class StudyOptions {
  private static final int MOST_SEEDS = 1000;
  private static final int MOST_SAMPLES = 100_000;
  private static final long DATA_SEED = 0;

  /** More would take longer to read and to compare with than to train on. */
  private static final int QUICK_IMAGES = 2000;

  /** Below this share of the usual amounts a seed less is better than even less for each. */
  private static final double FEW_SEEDS = 0.3;

  @Mixin ImageOptions images = new ImageOptions();

  @Option(
      names = "--classes",
      split = ",",
      paramLabel = "NAME",
      description = "Only the images of these classes, by name or number (default: all images).")
  List<String> classes;

  @Option(
      names = "--images",
      paramLabel = "N",
      description =
          "Take at most so many images, evenly spread over the data (default: all; with --quick"
              + " 2000).")
  Integer mostImages;

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
      description =
          "Training steps of the classifier in whose features samples are compared (default: 600;"
              + " with --quick fewer if that takes too long).")
  Integer classifierSteps;

  /** The share of the usual amounts that --quick does, so that it takes no longer than it may. */
  private double share = 1;

  /** Takes the share of the usual amounts that --quick does. */
  public void share(double some) {
    share = some;
  }

  double share() {
    return share;
  }

  /**
   * An amount of --quick.
   *
   * @param usual what is usual
   * @param least what makes sense
   */
  public int quickly(int usual, int least) {
    return Math.max(least, (int) Math.round(share * usual));
  }

  /**
   * What {@code --quick} decides.
   *
   * @param more options of the experiment itself
   */
  public List<String> decided(Dataset dataset, String... more) {
    List<String> decided = new ArrayList<>(List.of("--seeds", "--steps", "--samples"));
    decided.addAll(List.of(more));
    if (dataset.classes() > 1) {
      decided.add("--classifier-steps");
    }
    if (dataset.size() >= QUICK_IMAGES) {
      decided.add("--images");
    }
    return decided;
  }

  /** A value, or else the default, which depends on whether the run is quick. */
  public static <T> T or(T given, T full, T quick, boolean isQuick) {
    return given != null ? given : isQuick ? quick : full;
  }

  public int seeds(boolean quick) {
    return within("--seeds", or(seeds, 5, share < FEW_SEEDS ? 2 : 3, quick), MOST_SEEDS);
  }

  public int samples(boolean quick) {
    return within("--samples", or(samples, 300, quickly(200, 8), quick), MOST_SAMPLES);
  }

  public int classifierSteps(boolean quick) {
    return within(
        "--classifier-steps", or(classifierSteps, 600, quickly(600, 20), quick), 1_000_000);
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

  /**
   * Decides on preset, size and channels where they are not given: as a model has them, or as fits
   * the data.
   *
   * @param model of which samples are compared with the data, or null
   */
  public void fit(DiffusionModel model) {
    if (model != null) {
      images.of(model.unet());
      return;
    }
    images.fit();
  }

  /** Opens the data of a training and prints warnings about it. */
  public Dataset open(TrainingConfig config, boolean quick, PrintWriter err) {
    int most =
        within(
            "--images", or(mostImages, Integer.MAX_VALUE, QUICK_IMAGES, quick), Integer.MAX_VALUE);
    Dataset all =
        Datasets.open(
            config.data(), config.imageSize(), config.unet().inChannels(), DATA_SEED, most);
    Dataset dataset = classes == null ? all : new ChosenClasses(all, classes);
    for (String warning : dataset.warnings()) {
      err.println("warning: " + Messages.line(warning));
    }
    return dataset;
  }

  /** Says what was chosen to fit the data, and what its images lose. */
  public void say(Dataset dataset, PrintWriter err) {
    images.say(dataset, err);
  }

  /** What an experiment works on, for its first line. */
  public static String subject(Dataset data) {
    return "%,d images of %s, %s".formatted(data.size(), data.name(), ImageOptions.describe(data));
  }

  /** The options of 'train' for an arm and a seed. */
  private TrainOptions train(StudyArm arm, long seed, boolean quick) {
    TrainOptions train = new TrainOptions();
    train.images = images;
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
    train.length.steps = steps != null ? steps : quick ? Integer.valueOf(quickly(200, 5)) : null;
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
