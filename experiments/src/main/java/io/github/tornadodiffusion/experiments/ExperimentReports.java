package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.devices.DevicesPlan;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.experiments.jmh.JmhReport;
import io.github.tornadodiffusion.experiments.samplers.SamplersExperiment;
import io.github.tornadodiffusion.experiments.scaling.ScalingExperiment;
import io.github.tornadodiffusion.experiments.study.PredictionExperiment;
import io.github.tornadodiffusion.experiments.study.SchedulesExperiment;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.util.List;

/** The reports of all experiments, by the name in the manifest. */
public final class ExperimentReports {
  private static final List<Experiment.Kind> KINDS =
      List.of(
          DevicesPlan.KIND,
          SchedulesExperiment.KIND,
          PredictionExperiment.KIND,
          SamplersExperiment.KIND,
          ScalingExperiment.KIND,
          JmhReport.KIND);

  private ExperimentReports() {}

  /**
   * Makes the report of a directory, anew if there is one.
   *
   * @throws IOException in one line if the directory holds no experiment that is known
   */
  static void write(ExperimentDirectory directory) throws IOException {
    kind(directory).report(directory);
  }

  /** What two runs are compared by, as {@link #write} throws. */
  static List<ExperimentData.Row> comparable(ExperimentDirectory directory) throws IOException {
    return kind(directory).comparable().apply(ExperimentData.read(directory).rows());
  }

  private static Experiment.Kind kind(ExperimentDirectory directory) throws IOException {
    String name = directory.readManifest().path(ExperimentRun.EXPERIMENT).asString();
    for (Experiment.Kind kind : KINDS) {
      if (kind.name().equals(name)) {
        return kind;
      }
    }
    throw new IOException(
        "%s is of the experiment '%s', which this version does not know: take the version that"
                .formatted(directory.manifest(), Messages.line(name))
            + " made it");
  }
}
