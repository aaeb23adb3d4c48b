package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.devices.DevicesExperiment;
import io.github.tornadodiffusion.experiments.samplers.SamplersExperiment;
import io.github.tornadodiffusion.experiments.scaling.ScalingExperiment;
import io.github.tornadodiffusion.experiments.study.PredictionExperiment;
import io.github.tornadodiffusion.experiments.study.SchedulesExperiment;
import picocli.CommandLine.Command;

/** Experiments: each writes raw data, a report made from it, and everything needed to repeat it. */
@Command(
    name = ExperimentCommand.NAME,
    description = "Runs an experiment and writes raw data, a report, pictures and a manifest.",
    synopsisSubcommandLabel = "NAME",
    subcommands = {
      DevicesExperiment.class,
      SchedulesExperiment.class,
      PredictionExperiment.class,
      SamplersExperiment.class,
      ScalingExperiment.class,
      ReportCommand.class,
      RerunCommand.class,
      MergeCommand.class
    })
final class ExperimentCommand {
  static final String NAME = "experiment";
}
