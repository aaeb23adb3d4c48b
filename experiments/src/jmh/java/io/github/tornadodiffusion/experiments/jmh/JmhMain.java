package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.experiments.cli.Devices;
import io.github.tornadodiffusion.experiments.cli.Json;
import io.github.tornadodiffusion.experiments.cli.Manifest;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.nn.AtomicFiles;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the JMH benchmarks, on every device unless {@code -p device=...} names some, and writes
 * {@code manifest.json}, JMH's {@code jmh.json}, its rows {@code jmh.jsonl} and {@code report.md}
 * to a directory. Takes JMH's own options; a benchmark that fails ends the run.
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
    RunDirectory directory =
        out.isEmpty() ? RunDirectory.named("jmh") : new RunDirectory(Path.of(out));
    directory.checkFree("choose another -Djmh.out");
    OutputFiles.prepareDirectory("-Djmh.out", directory.path());
    Manifest manifest =
        new Manifest(arguments).put("command", command(arguments)).put("devices", Devices.list());
    AtomicFiles.write(directory.manifest(), manifest.json());
    Path json = directory.path().resolve("jmh.json");
    OptionsBuilder run = new OptionsBuilder();
    run.parent(options)
        .shouldFailOnError(true)
        .resultFormat(ResultFormatType.JSON)
        .result(json.toString())
        .jvmArgs(forkArguments().toArray(String[]::new));
    if (!options.getParameter(DEVICE).hasValue()) {
      run.param(
          DEVICE,
          Stream.concat(Stream.of("jvm"), Engines.devices().stream().map(Device::id))
              .toArray(String[]::new));
    }
    new Runner(run.build()).run();
    List<Map<String, Object>> rows = JmhResults.rows(Files.readString(json));
    AtomicFiles.write(
        directory.path().resolve("jmh.jsonl"),
        rows.stream().map(row -> Json.line(row) + "\n").collect(Collectors.joining()));
    AtomicFiles.write(directory.path().resolve("report.md"), JmhResults.report(rows));
    AtomicFiles.write(directory.manifest(), manifest.ended("finished").json());
    System.out.println("report     " + directory.path().resolve("report.md"));
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
