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
import java.util.Optional;
import picocli.CommandLine;

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
   * Makes the report of a directory, replacing an earlier one. The plug-in that an experiment is
   * from need not be given again.
   *
   * @param root the command line of the program
   * @throws IOException in one line if the directory holds no experiment that is known
   * @throws IllegalArgumentException in one line if the plug-in is not where it was
   */
  static void write(CommandLine root, ExperimentDirectory directory) throws IOException {
    if (known(name(directory)).isEmpty()) {
      List<String> _ = PluginOption.again(root, directory.readManifest());
    }
    kind(directory).report(directory);
  }

  /** The figures that two runs are compared by; throws like {@link #write}. */
  static List<ExperimentData.Row> comparable(ExperimentDirectory directory) throws IOException {
    return kind(directory).comparable().apply(ExperimentData.read(directory).rows());
  }

  private static Experiment.Kind kind(ExperimentDirectory directory) throws IOException {
    String name = name(directory);
    return known(name)
        .orElseThrow(() ->
            new IOException(
                "%s is of the experiment '%s', which this version does not know: take the version"
                        .formatted(directory.manifest(), Messages.line(name))
                    + " that made it"));
  }

  private static String name(ExperimentDirectory directory) throws IOException {
    return directory.readManifest().path(ExperimentRun.EXPERIMENT).asString();
  }

  private static Optional<Experiment.Kind> known(String name) {
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
                }));
  }
}
