package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes the report of an experiment again. */
@Command(name = "report", description = "Makes the report of an experiment again from its rows.")
final class ReportCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "Directory of an experiment.")
  Path path;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  @Override
  public Integer call() throws IOException {
    ExperimentDirectory directory = new ExperimentDirectory(path);
    ExperimentReports.write(spec.root().commandLine(), directory);
    directory.announce(spec.commandLine().getOut());
    return 0;
  }
}
