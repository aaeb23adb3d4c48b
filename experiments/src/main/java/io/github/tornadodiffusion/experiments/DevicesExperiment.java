package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.nn.AtomicFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares devices: how far every kernel is from double precision on each, and how fast each runs
 * the forward pass and the training step of a preset.
 */
@Command(
    name = "devices",
    description = {
      "Compares devices: the error of every kernel on every device, and the speed of a forward pass"
          + " and a training step.",
      "Errors are against double precision, relative to the largest value that a kernel writes."
    })
final class DevicesExperiment implements Callable<Integer> {
  private static final String JVM = "jvm";
  private static final List<String> BENCHMARKS = List.of("forward", "train-step");

  @Spec CommandSpec spec;

  @Option(
      names = "--device",
      split = ",",
      paramLabel = "ID",
      description = "Devices to compare (default: all that 'devices' lists).")
  List<String> devices;

  @Option(
      names = "--kernels",
      split = ",",
      paramLabel = "SET",
      defaultValue = "auto",
      description = "Variants of kernels to compare on devices of TornadoVM: lanes, tiles or auto.")
  List<String> kernels;

  @Option(
      names = "--preset",
      paramLabel = "P",
      defaultValue = "unit1",
      description = "The model of the speed tests (default: ${DEFAULT-VALUE}).")
  String preset;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Images a run (default: ${DEFAULT-VALUE}).")
  int batch;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "20",
      description = "Runs of a speed test (default: ${DEFAULT-VALUE}).")
  int runs;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory for the results, new or empty (default: runs/devices-TIME).")
  Path out;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the jvm device (default: all cores).")
  Integer threads;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  @Override
  public Integer call() throws IOException {
    Preset chosen = Presets.named(preset);
    if (batch < 1 || runs < 1) {
      throw new IllegalArgumentException(
          "--batch is %d and --runs %d; give at least 1".formatted(batch, runs));
    }
    List<DeviceOptions> compared = compared();
    compared.forEach(DeviceOptions::check);
    RunDirectory directory = out == null ? RunDirectory.named("devices") : new RunDirectory(out);
    directory.checkFree("choose another --out");
    OutputFiles.prepareDirectory("--out", directory.path());
    Manifest manifest = new Manifest(spec.root().commandLine().getParseResult().originalArgs());
    manifest.put("devices", Devices.list());
    AtomicFiles.write(directory.manifest(), manifest.json());
    PrintWriter err = spec.commandLine().getErr();
    List<Map<String, Object>> errors = new ArrayList<>();
    List<Map<String, Object>> speeds = new ArrayList<>();
    for (DeviceOptions device : compared) {
      try (Engine engine = device.open(false, err)) {
        err.println(device.device + ": the error of every kernel");
        errors.addAll(errors(engine));
        for (String what : BENCHMARKS) {
          err.println(device.device + ": " + what);
          Benchmark benchmark = new Benchmark(what, chosen, batch, runs);
          ProbeEngine probe = new ProbeEngine(engine, new Profile());
          speeds.add(benchmark.measure(probe, device, false));
        }
      }
      write(directory.path(), errors, speeds);
    }
    AtomicFiles.write(directory.manifest(), manifest.ended("finished").json());
    PrintWriter stdout = spec.commandLine().getOut();
    stdout.println("report     " + directory.path().resolve("report.md"));
    stdout.flush();
    return 0;
  }

  private List<DeviceOptions> compared() {
    List<String> ids =
        devices != null
            ? devices
            : Stream.concat(Stream.of(JVM), Engines.devices().stream().map(d -> d.id())).toList();
    return ids.stream()
        .flatMap(id ->
            (id.equals(JVM) ? List.of("auto") : kernels)
                .stream().map(set -> DeviceOptions.of(id, set, threads)))
        .toList();
  }

  private static List<Map<String, Object>> errors(Engine engine) {
    ProbeEngine probe = new ProbeEngine(engine, new Profile());
    probe.mode(ProbeEngine.Mode.CHECK);
    KernelSuite.run(probe);
    Map<String, List<Double>> errors = new LinkedHashMap<>();
    for (KernelFigures figures : probe.figures()) {
      errors.computeIfAbsent(figures.shape().kernel(), k -> new ArrayList<>()).add(figures.error());
    }
    List<Map<String, Object>> rows = new ArrayList<>();
    errors.forEach((kernel, ofShapes) -> {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("kernel", kernel);
      row.put("device", engine.device());
      row.put("kernels", engine.variants().id());
      row.put("shapes", ofShapes.size());
      row.put("max_error", Collections.max(ofShapes));
      rows.add(row);
    });
    return rows;
  }

  private void write(
      Path directory, List<Map<String, Object>> errors, List<Map<String, Object>> speeds)
      throws IOException {
    AtomicFiles.write(directory.resolve("errors.jsonl"), lines(errors));
    AtomicFiles.write(directory.resolve("speed.jsonl"), lines(speeds));
    AtomicFiles.write(directory.resolve("report.md"), new DevicesReport(errors, speeds).markdown());
  }

  private static String lines(List<Map<String, Object>> rows) {
    return rows.stream().map(row -> Json.line(row) + "\n").collect(Collectors.joining());
  }
}
