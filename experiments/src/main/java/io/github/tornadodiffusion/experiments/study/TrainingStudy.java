package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.HeldOut;
import io.github.tornadodiffusion.diffusion.data.Subset;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.evaluation.BitsPerDimension;
import io.github.tornadodiffusion.diffusion.evaluation.NearestNeighbours;
import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.bench.Pace;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.experiments.framework.QuickTime;
import io.github.tornadodiffusion.experiments.training.ImageOptions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Compares settings of training, the arms, in pairs: with the same seed, every arm has the same
 * initial parameters, the same images in the same order, the same timesteps and the same noise, and
 * is measured with the same noise. So any difference between two models of a seed is due to the
 * arm.
 */
public final class TrainingStudy implements Experiment, AutoCloseable {
  /** What the images are, in words; in the configuration. */
  public static final String IMAGES = "images";

  /** Not an option, because another share would change every figure. */
  private static final double HELD_OUT = 0.2;

  private static final long SPLIT_SEED = 0;

  /** The approximate time to compare two values of images. */
  private static final double COMPARED_SECONDS = 1e-9;

  /** The approximate time of a unit for building its programs and encoding its pictures. */
  private static final double UNIT_SECONDS = 2;

  /** Levels of a value of the digits' scans. */
  private static final int DIGITS_LEVELS = 17;

  private final Kind kind;
  private final List<StudyArm> arms;
  private final StudyOptions options;
  private final boolean quick;
  private StudySettings settings;
  private Pace pace;
  private double classifierStep;
  private final HeldOut data;
  private final Dataset whole;
  private final DeviceOptions device;
  private final PrintWriter err;
  private final List<StudyUnit> units = new ArrayList<>();

  /** The same for every seed of an arm. */
  private final Map<StudyArm, RecordedProgram<Training>> programs = new HashMap<>();

  private Engine engine;
  private FeatureSpace features;
  private NearestNeighbours heldOutNeighbours;

  /**
   * A study.
   *
   * @param kind of the experiment
   * @param arms of which the first is compared with all others
   * @throws IllegalArgumentException in one line naming the option and what is possible
   */
  TrainingStudy(
      Kind kind,
      List<StudyArm> arms,
      StudyOptions options,
      StudySettings settings,
      boolean quick,
      DeviceOptions device,
      PrintWriter err)
      throws IOException {
    this.kind = kind;
    this.arms = List.copyOf(arms);
    this.options = options;
    this.quick = quick;
    this.device = device;
    this.err = err;
    device.check();
    whole = options.open(options.config(arms.getFirst(), 0), quick, err);
    data = split(whole);
    plan(settings);
    for (int i = 0; i < arms.size(); i++) {
      TrainingConfig config = units.get(i).config();
      programs.put(arms.get(i), Trainer.program(config, Processes.ALONE));
      check(config, program(arms.get(i)));
    }
    options.say(whole, err);
  }

  private void plan(StudySettings planned) throws IOException {
    settings = planned;
    units.clear();
    for (int seed = 0; seed < settings.seeds(); seed++) {
      for (StudyArm arm : arms) {
        TrainingConfig config = options.config(arm, seed, data.training(), quick);
        units.add(new StudyUnit(this, arm, config));
      }
    }
  }

  /** Makes the version of --quick so small that it takes no longer than it may. */
  private void fitQuick(ExperimentOptions run, Supplier<StudySettings> planned) throws IOException {
    QuickTime.fit(
        run,
        err,
        share -> {
          options.share(share);
          plan(planned.get());
          return estimateSeconds() + otherSeconds();
        },
        () -> {
          pace = null;
          classifierStep = 0;
        },
        () ->
            "%d seeds, %d training steps, %d samples of %s steps, %d held-out images"
                .formatted(
                    settings.seeds(),
                    units.getFirst().config().steps(),
                    settings.samples(),
                    settings.sampleSteps().stream()
                        .map(String::valueOf)
                        .collect(Collectors.joining(" and ")),
                    denoised().size()));
  }

  /** What takes long only where the training does not, in seconds. */
  private double otherSeconds() throws IOException {
    if (whole.classes() > 1 && classifierStep == 0) {
      classifierStep = FeatureSpace.stepSeconds(engine(), data);
    }
    double values = (double) data.training().size() * whole.image(0).length;
    double compared =
        data.heldOut().size()
            + (double) units.size() * settings.sampleSteps().size() * settings.samples();
    return classifierStep * settings.classifierSteps()
        + values * compared * COMPARED_SECONDS
        + units.size() * UNIT_SECONDS;
  }

  /**
   * Runs a study as a command; the parameters are those of the constructor.
   *
   * @return the exit code
   */
  static int execute(
      Kind kind,
      List<StudyArm> arms,
      StudyOptions options,
      Supplier<StudySettings> settings,
      DeviceOptions device,
      ExperimentOptions run,
      CommandSpec spec)
      throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    try (TrainingStudy study =
        new TrainingStudy(kind, arms, options, settings.get(), run.quick, device, err)) {

      List<String> decided =
          options.decided(study.whole, "--sample-steps", "--bound-timesteps", "--held-out-images");
      Ineffective ignored =
          device.note(Ineffective.of(spec)).noteQuick(decided.toArray(String[]::new));
      if (!decided.stream().allMatch(ignored::given)) {
        study.fitQuick(run, settings);
      }
      StudyOptions.noteClassifier(ignored.notePlugins(), study.whole);
      return ExperimentRun.execute(study, run, spec, ignored);
    }
  }

  /** The parts of a data set, the same in every experiment. */
  public static HeldOut split(Dataset whole) {
    return HeldOut.split(whole, HELD_OUT, SPLIT_SEED);
  }

  /** Checks what can be checked before an hour of training. */
  private void check(TrainingConfig config, RecordedProgram<Training> program) {
    long parameters = MemoryNeed.parameters(config.unet());
    new MemoryNeed(program.floats(), 4 * parameters + config.hostFloats()).check("--batch");
    StudyOptions.within("--bound-timesteps", settings.boundTimesteps(), config.trainTimesteps());
    Scheduler scheduler = Schedulers.convert(config.scheduler(), settings.scheduler());
    UNet2DModel model = new UNet2DModel(config.unet());
    ModelSampler.check(model, scheduler);
    for (int steps : settings.sampleSteps()) {
      ModelSampler.check(model, Sampling.of(scheduler, steps));
    }
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public Map<String, Object> configuration() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("arms", arms.stream().map(StudyArm::toMap).toList());
    map.putAll(settings.toMap());
    Map<String, Object> training = new LinkedHashMap<>(units.getFirst().config().toMap());
    training.put("unet", Json.tree(units.getFirst().config().unet().toJson()));
    // These differ from unit to unit.
    List.of("seed", "beta_schedule", "prediction_type", "variance_type").forEach(training::remove);
    map.put("training", training);
    map.put("data_sha256", whole.hash());
    map.put(IMAGES, ImageOptions.describe(whole));
    map.put("training_images", data.training().size());
    map.put("held_out_images", data.heldOut().size());
    map.put("denoised_images", denoised().size());
    map.put("levels", levels());
    map.put("device", device.device);
    map.put("conv", device.conv);
    return map;
  }

  @Override
  public String subject() {
    return StudyOptions.subject(whole);
  }

  @Override
  public List<Experiment.Unit> units() {
    return List.copyOf(units);
  }

  @Override
  public double estimateSeconds() {
    TrainingConfig config = units.getFirst().config();
    if (pace == null) {
      pace = Pace.of(engine(), plain(config), config.batch(), units.size() * config.steps());
    }
    double seconds = 0;
    for (StudyUnit unit : units) {
      TrainingConfig trained = unit.config();
      seconds +=
          pace.training() * trained.imagesPerStep() * trained.steps()
              + pace.forward() * unit.measuringCost();
    }
    return seconds;
  }

  /** The preset of a training with its network, but without a predicted variance. */
  public static Preset plain(TrainingConfig config) {
    UNet2DConfig unet = config.unet();
    return Presets.named(config.preset())
        .withModel(unet.toBuilder().outChannels(unet.inChannels()).build());
  }

  StudySettings settings() {
    return settings;
  }

  /** What trains a model of an arm. */
  RecordedProgram<Training> program(StudyArm arm) {
    return programs.get(arm);
  }

  HeldOut data() {
    return data;
  }

  /** The held-out images that denoising is measured on: the first ones. */
  Dataset denoised() {
    int all = data.heldOut().size();
    return settings.heldOutImages() >= all
        ? data.heldOut()
        : new Subset(
            data.heldOut(), IntStream.range(0, settings.heldOutImages()).toArray(), "denoised");
  }

  /** Levels of a value, for the likelihood of an image. */
  int levels() {
    boolean digits = units.getFirst().config().data().equals("digits");
    boolean scans = digits && whole.imageSize() == Digits.NATIVE_SIZE;
    return scans ? DIGITS_LEVELS : BitsPerDimension.LEVELS;
  }

  /** The device, which is started when it is first needed. */
  Engine engine() {
    if (engine == null) {
      engine = device.open(false, err);
    }
    return engine;
  }

  /**
   * The features for the comparison of samples, made when they are first needed; null for data
   * without classes.
   */
  FeatureSpace features(Experiment.Sink sink) throws IOException {
    if (features == null && whole.classes() > 1) {
      features = FeatureSpace.train(engine(), data, settings.classifierSteps(), sink);
    }
    return features;
  }

  /** The nearest training images of the held-out images. */
  NearestNeighbours heldOutNeighbours() {
    if (heldOutNeighbours == null) {
      heldOutNeighbours = NearestNeighbours.of(data.heldOut(), data.training());
    }
    return heldOutNeighbours;
  }

  @Override
  public void close() {
    if (features != null) {
      features.close();
    }
    if (engine != null) {
      engine.close();
    }
  }
}
