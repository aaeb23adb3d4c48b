package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.devices.DevicesPlan;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.framework.ExperimentProvider;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.experiments.jmh.JmhReport;
import io.github.tornadodiffusion.experiments.samplers.SamplersExperiment;
import io.github.tornadodiffusion.experiments.scaling.ScalingExperiment;
import io.github.tornadodiffusion.experiments.study.PredictionExperiment;
import io.github.tornadodiffusion.experiments.study.SchedulesExperiment;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.plugins.Plugins;
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
   * Makes the report of a directory, replacing an earlier one.
   *
   * @throws IOException in one line if the directory holds no experiment that is known
   */
  static void write(ExperimentDirectory directory) throws IOException {
    kind(directory).report(directory);
  }

  /** The figures that two runs are compared by; throws like {@link #write}. */
  static List<ExperimentData.Row> comparable(ExperimentDirectory directory) throws IOException {
    return kind(directory).comparable().apply(ExperimentData.read(directory).rows());
  }

  private static Experiment.Kind kind(ExperimentDirectory directory) throws IOException {
    String name = directory.readManifest().path(ExperimentRun.EXPERIMENT).asString();
    return KINDS.stream()
        .filter(kind -> kind.name().equals(name))
        .findFirst()
        .or(() ->
            ExperimentProvider.all()
                .filter(provider -> provider.kind().name().equals(name))
                .findFirst()
                .map(provider -> {
                  Plugins.use(provider.getClass());
                  return provider.kind();
                }))
        .orElseThrow(() ->
            new IOException(
                "%s is of the experiment '%s', which this version does not know: take the version"
                        .formatted(directory.manifest(), Messages.line(name))
                    + " that made it"));
  }
}
