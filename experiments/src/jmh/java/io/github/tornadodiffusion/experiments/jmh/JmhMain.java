package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.experiments.cli.Devices;
import io.github.tornadodiffusion.experiments.cli.Manifest;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the JMH benchmarks, on every device unless {@code -p device=...} names some, and writes the
 * directory of an experiment: {@code manifest.json}, JMH's {@code jmh.json}, its rows in {@code
 * rows/} and the report. Takes JMH's own options; a benchmark that fails ends the run.
 */
public final class JmhMain {
  private static final String DEVICE = "device";

  private JmhMain() {}

  /** Runs them; {@code -Djmh.out=DIR} names the directory, which is new or empty. */
  public static void main(String[] args) throws IOException {
    try {
      CommandLineOptions options = new CommandLineOptions(args);
      if (options.shouldHelp()) {
        options.showHelp();
      } else if (options.shouldList()) {
        new Runner(options).list();
      } else {
        run(options, List.of(args));
      }
    } catch (CommandLineOptionException | IllegalArgumentException e) {
      fail(2, e);
    } catch (RunnerException | IOException e) {
      fail(1, e);
    }
  }

  private static void fail(int status, Exception e) {
    System.err.println("jmh: " + e.getMessage());
    System.exit(status);
  }

  private static void run(CommandLineOptions options, List<String> arguments)
      throws IOException, RunnerException {
    String out = System.getProperty("jmh.out", "");
    RunDirectory run =
        out.isEmpty() ? RunDirectory.named(JmhReport.KIND.name()) : new RunDirectory(Path.of(out));
    run.checkFree("choose another -Djmh.out");
    OutputFiles.prepareDirectory("-Djmh.out", run.path());
    ExperimentDirectory directory = new ExperimentDirectory(run.path());
    Manifest manifest =
        new Manifest(arguments)
            .put("command", command(arguments))
            .put("devices", Devices.list())
            .put(ExperimentRun.EXPERIMENT, JmhReport.KIND.name())
            .put(ExperimentRun.CONFIGURATION, Map.of("jmh", arguments))
            .put(ExperimentRun.UNITS, List.of(JmhResults.TABLE));
    AtomicFiles.write(directory.manifest(), manifest.json());
    Path json = directory.path().resolve("jmh.json");
    OptionsBuilder benchmarks = new OptionsBuilder();
    benchmarks
        .parent(options)
        .shouldFailOnError(true)
        .resultFormat(ResultFormatType.JSON)
        .result(json.toString())
        .jvmArgs(forkArguments().toArray(String[]::new));
    if (!options.getParameter(DEVICE).hasValue()) {
      benchmarks.param(
          DEVICE,
          Stream.concat(Stream.of("jvm"), Engines.devices().stream().map(Device::id))
              .toArray(String[]::new));
    }
    new Runner(benchmarks.build()).run();
    directory.keep(
        JmhResults.TABLE, JmhResults.rows(Files.readString(json)), new LinkedHashMap<>());
    AtomicFiles.write(directory.manifest(), manifest.ended("finished").json());
    JmhReport.KIND.report(directory);
    PrintWriter stdout = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    directory.announce(stdout);
  }

  private static String command(List<String> arguments) {
    String options =
        arguments.isEmpty() ? "" : " -Djmh.args=" + Shell.quoted(Shell.line(arguments));
    return "./mvnw -q -Dquick -Pjmh package" + options;
  }

  /** This JVM's options, TornadoVM's among them, with the launcher's garbage collector. */
  private static List<String> forkArguments() {
    return Stream.concat(
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.matches("-XX:\\+Use\\w*GC")),
            Stream.of("-XX:+UseSerialGC", "-XX:NewRatio=15"))
        .toList();
  }
}
