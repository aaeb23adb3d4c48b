package io.github.tornadodiffusion.experiments;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;

/** The reports of all experiments, made of nothing but raw data. */
final class ExperimentReports {
  private static final Map<String, Experiment.ReportMaker> MAKERS =
      Map.of(
          DevicesPlan.NAME, DevicesReport::make,
          SchedulesExperiment.NAME, StudyReport::schedules,
          PredictionExperiment.NAME, StudyReport::prediction,
          SamplersExperiment.NAME, SamplersReport::of,
          ScalingExperiment.NAME, ScalingReport::of);

  private ExperimentReports() {}

  /**
   * Makes the report of a directory, anew if there is one.
   *
   * @throws IOException in one line if the directory holds no experiment that is known
   */
  static void write(ExperimentDirectory directory) throws IOException {
    ExperimentData data = ExperimentData.read(directory);
    String name = data.manifest().path(ExperimentRun.EXPERIMENT).asString();
    Experiment.ReportMaker maker = MAKERS.get(name);
    if (maker == null) {
      throw new IOException(
          "%s is of the experiment '%s', which this version does not know: take the version that"
                  .formatted(directory.manifest(), Errors.oneLine(name))
              + " made it");
    }
    maker.make(data).write(directory.path());
  }

  /** Says where the report is. */
  static void announce(ExperimentDirectory directory, PrintWriter out) {
    Path path = directory.path();
    out.println("report     " + path.resolve("report.html") + ", " + path.resolve("report.md"));
    out.println("rows       " + path.resolve("rows"));
    out.println("manifest   " + directory.manifest());
    out.flush();
  }
}
