package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import java.io.IOException;
import java.util.List;
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
          "Schedules: linear, scaled_linear, squaredcos_cap_v2, sigmoid, exp or classes of your"
              + " own, see --plugin (default: ${DEFAULT-VALUE}).")
  List<String> schedules;

  @Mixin StudyOptions study;

  @Mixin StudySampling sampling;

  @Mixin DeviceOptions device;

  @Mixin ExperimentOptions run;

  @Override
  public Integer call() throws IOException {
    StudyOptions.checkNames("--schedules", schedules, 2);
    Preset preset = Presets.named(study.preset);
    List<StudyArm> arms =
        schedules.stream()
            .map(BetaSchedule::of)
            .map(schedule ->
                new StudyArm(
                    schedule.id(), schedule, preset.prediction(), VarianceType.FIXED_SMALL))
            .toList();
    return TrainingStudy.execute(
        KIND, arms, study, sampling.settings(study, "ddim", run.quick), device, run, spec);
  }
}
