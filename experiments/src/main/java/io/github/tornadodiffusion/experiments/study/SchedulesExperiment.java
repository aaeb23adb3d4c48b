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
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Compares noise schedules, by models that do not differ otherwise. */
@Command(
    name = SchedulesExperiment.NAME,
    description = {
      "Compares noise schedules: trains a model with each for several seeds, in pairs that share"
          + " initial weights, data order, timesteps and noise, and measures them on held-out"
          + " images.",
      "The first schedule is what the others are compared with."
    })
public final class SchedulesExperiment implements Callable<Integer> {
  static final String NAME = "schedules";

  /** The experiment and its report. */
  public static final Experiment.Kind KIND = new Experiment.Kind(NAME, StudyReport::schedules);

  @Spec CommandSpec spec;

  @Option(
      names = "--schedules",
      split = ",",
      paramLabel = "NAME",
      defaultValue = "linear,squaredcos_cap_v2",
      description =
          "Schedules: " + ScheduleNames.HELP + ", see --plugin (default: ${DEFAULT-VALUE}).")
  List<String> schedules;

  @Option(
      names = ScheduleNames.RESCALE,
      description =
          "Compare every schedule also rescaled so that its last timestep is noise alone (zero"
              + " terminal SNR), as NAME-zero-snr.")
  boolean rescale;

  @Option(
      names = "--prediction",
      paramLabel = "NAME",
      description =
          "What the models predict: epsilon, v_prediction or sample (default: the preset's).")
  String prediction;

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
    List<BetaSchedule> compared = schedules.stream().map(ScheduleNames::schedule).toList();
    // Under the names that files have, so that one under two names is one.
    StudyOptions.checkNames(
        "--schedules", compared.stream().map(BetaSchedule::id).toList(), rescale ? 1 : 2);
    PredictionType predicted =
        prediction == null
            ? Presets.named(study.images.preset()).prediction()
            : PredictionType.of(prediction);
    if (rescale && predicted == PredictionType.EPSILON) {
      throw new IllegalArgumentException(
          "with %s a predicted noise says nothing of the image at the last timestep, which is noise"
                  .formatted(ScheduleNames.RESCALE)
              + " alone; add --prediction v_prediction or --prediction sample");
    }
    List<StudyArm> arms = new ArrayList<>();
    for (BetaSchedule schedule : compared) {
      arms.add(new StudyArm(schedule.id(), schedule, predicted, VarianceType.FIXED_SMALL, false));
      if (rescale) {
        arms.add(
            new StudyArm(
                schedule.id() + "-zero-snr", schedule, predicted, VarianceType.FIXED_SMALL, true));
      }
    }
    return TrainingStudy.execute(
        KIND, arms, study, () -> sampling.settings(study, "ddim", run.quick), device, run, spec);
  }
}
