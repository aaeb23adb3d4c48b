package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import io.github.tornadodiffusion.experiments.training.ScheduleNames;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Compares types of prediction, by models that do not differ otherwise. */
@Command(
    name = PredictionExperiment.NAME,
    description = {
      "Compares what a model predicts: the noise, v, the image, or the noise with a learned"
          + " variance; in pairs as 'experiment schedules'.",
      "The first prediction is what the others are compared with."
    })
public final class PredictionExperiment implements Callable<Integer> {
  static final String NAME = "prediction";

  /** The experiment and its report. */
  public static final Experiment.Kind KIND = new Experiment.Kind(NAME, StudyReport::prediction);

  /** The noise, with {@link VarianceType#LEARNED_RANGE}. */
  private static final String LEARNED = "learned_range";

  @Spec CommandSpec spec;

  @Option(
      names = "--predictions",
      split = ",",
      paramLabel = "NAME",
      defaultValue = "epsilon,v_prediction,sample," + LEARNED,
      description =
          "Predictions: epsilon, v_prediction, sample, or learned_range for epsilon with a"
              + " learned variance (default: ${DEFAULT-VALUE}).")
  List<String> predictions;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      description =
          "Noise schedule: " + ScheduleNames.HELP + " (default: the preset's); see --plugin.")
  String schedule;

  @Mixin StudyOptions study;

  @Mixin StudySampling sampling;

  @Mixin DeviceOptions device;

  @Mixin ExperimentOptions run;

  @Override
  public Integer call() throws IOException {
    OptionalInt again = run.again(spec);
    if (again.isPresent()) {
      return again.getAsInt();
    }
    study.fit(null);
    StudyOptions.checkNames("--predictions", predictions, 2);
    BetaSchedule betas =
        schedule == null
            ? Presets.named(study.images.preset()).schedule()
            : ScheduleNames.schedule(schedule);
    List<StudyArm> arms = predictions.stream().map(name -> arm(name, betas)).toList();
    return TrainingStudy.execute(
        KIND, arms, study, () -> sampling.settings(study, "ddpm", run.quick), device, run, spec);
  }

  private static StudyArm arm(String name, BetaSchedule betas) {
    return name.equals(LEARNED)
        ? new StudyArm(name, betas, PredictionType.EPSILON, VarianceType.LEARNED_RANGE, false)
        : new StudyArm(name, betas, PredictionType.of(name), VarianceType.FIXED_SMALL, false);
  }
}
