package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.cli.Arguments;
import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.framework.RecordedOptions;
import io.github.tornadodiffusion.experiments.framework.RunComparison;
import io.github.tornadodiffusion.experiments.framework.Tolerance;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Repeats a run from its manifest and compares every figure. */
@Command(
    name = "rerun",
    description = {
      "Repeats a run of 'train' or 'experiment' from its manifest and compares every figure: equal,"
          + " within tolerance or different.",
      "The exit code is 0 if none is different."
    })
final class RerunCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "MANIFEST", description = "manifest.json of the run, beside its data.")
  Path manifest;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory for the new run, new or empty (default: runs/rerun-TIME).")
  Path out;

  @Option(
      names = "--with",
      paramLabel = "DIR",
      description = "Only compare with this run, which is done.")
  Path with;

  @Option(
      names = "--factor",
      paramLabel = "F",
      defaultValue = "2",
      description = {
        "How many times a time, rate or amount of memory may differ (default: ${DEFAULT-VALUE});"
            + " what happens only once, such as building or a first run, by twice that or two"
            + " seconds.",
        "Texts and counts are equal, other figures equal or within a thousandth."
      })
  double factor;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  @Override
  public Integer call() throws IOException {
    if (!(factor >= 1)) {
      throw new IllegalArgumentException("--factor is " + factor + ": give at least 1");
    }
    if (!Files.exists(manifest)) {
      throw new IllegalArgumentException(
          "%s does not exist: give the manifest.json of a run, or its directory"
              .formatted(manifest));
    }
    Path before = Files.isDirectory(manifest) ? manifest : manifest.toAbsolutePath().getParent();
    List<String> plugins = PluginOption.again(spec.root().commandLine(), readManifest(before));
    List<Row> rows = rows(before);
    Path now = with;
    if (now == null) {
      now = out == null ? RunDirectory.named("rerun").path() : out;
      int code = run(arguments(before), plugins, now);
      if (code != 0) {
        return code;
      }
    } else if (out != null) {
      throw new IllegalArgumentException("--with runs nothing: leave --out away");
    }
    List<Row> rowsNow = rows(now);
    String explained = Tolerance.explained(factor);
    String machine = machine(before);
    String machineNow = machine(now);
    if (!machine.equals(machineNow)) {
      Ineffective.of(spec)
          .note("--factor", true, "the machines differ, so no times are compared; leave it out")
          .say(spec.commandLine().getErr());
      rows = RunComparison.withoutMeasured(rows);
      rowsNow = RunComparison.withoutMeasured(rowsNow);
      explained +=
          " Times, rates and memory are not compared: the machine was %s and is %s."
              .formatted(machine, machineNow);
    }
    PrintWriter stdout = spec.commandLine().getOut();
    RunComparison comparison = RunComparison.of(rows, rowsNow, factor);
    if (with == null) {
      AtomicFiles.write(
          now.resolve("comparison.md"),
          "# %s, run again\n\n%s\n\n%s"
              .formatted(before.getFileName(), explained, comparison.markdown()));
    }
    stdout.println();
    stdout.print(comparison.markdown());
    stdout.println();
    stdout.println(explained);
    stdout.println(
        comparison.holds()
            ? "the run repeats: no figure is different"
            : "the run does not repeat: see the figures that are different");
    stdout.flush();
    return comparison.holds() ? 0 : Errors.FAILURE;
  }

  private int run(List<String> arguments, List<String> plugins, Path directory) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(plugins);
    all.addAll(List.of("--out", directory.toString()));
    spec.commandLine().getErr().println("running " + Shell.program() + " " + Shell.line(all));
    return spec.root().commandLine().execute(all.toArray(String[]::new));
  }

  /** Processor and cores; machines with the same name may still differ in generation. */
  private static String machine(Path directory) throws IOException {
    JsonNode machine = readManifest(directory).path("machine");
    return "%s with %s cores"
        .formatted(
            Messages.line(machine.path("cpu").asString("unknown")), machine.path("cores").asInt());
  }

  private static JsonNode readManifest(Path directory) throws IOException {
    Path file = new ExperimentDirectory(directory).manifest();
    try {
      return Json.tree(Files.readString(file));
    } catch (JacksonException e) {
      throw new IOException("%s is damaged: name another manifest".formatted(file), e);
    }
  }

  private static List<String> arguments(Path directory) throws IOException {
    JsonNode manifest = readManifest(directory);
    List<String> arguments =
        new ArrayList<>(
            RecordedOptions.with(
                Arguments.without(manifest, "--out", "--max-hours", PluginOption.NAME), manifest));
    arguments.remove("--resume");
    String command = arguments.isEmpty() ? "" : arguments.getFirst();
    if (!command.equals("train") && !command.equals("experiment")) {
      throw new IOException(
          "%s does not name a run of 'train' or 'experiment': name the manifest of one"
              .formatted(new ExperimentDirectory(directory).manifest()));
    }
    return arguments;
  }

  /** The data, and the figures of an experiment or a training. */
  private static List<Row> rows(Path directory) throws IOException {
    RunDirectory run = new RunDirectory(directory);
    List<Row> rows =
        new ArrayList<>(
            Files.exists(run.lossCsv())
                ? TrainingFigures.of(run)
                : ExperimentReports.comparable(new ExperimentDirectory(directory)));
    JsonNode manifest = readManifest(directory);
    for (String place : List.of("/data/sha256", "/configuration/data_sha256")) {
      if (manifest.at(place).isString()) {
        rows.addFirst(new Row("run", "data", Map.of("sha256", manifest.at(place).asString())));
      }
    }
    return rows;
  }
}
