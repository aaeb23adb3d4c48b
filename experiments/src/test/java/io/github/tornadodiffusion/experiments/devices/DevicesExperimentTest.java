package io.github.tornadodiffusion.experiments.devices;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.OwnKernels;
import io.github.tornadodiffusion.experiments.WrongEngine;
import io.github.tornadodiffusion.experiments.bench.Benchmark;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.framework.RunComparison;
import io.github.tornadodiffusion.experiments.framework.RunComparison.Figure;
import io.github.tornadodiffusion.experiments.framework.Tolerance.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevicesExperimentTest {
  private static final List<String> ROWS = List.of("java-1-thread", "jvm-1-thread");

  @TempDir static Path temporary;

  private static Path part;
  private static Path whole;
  private static ExperimentData data;

  /** Two parts, as on two nodes of a cluster, and the whole. */
  @BeforeAll
  static void run() throws IOException {
    part = temporary.resolve("part");
    CommandRun run = CommandRun.succeeds(command(part, "--shard", "1/2"));
    assertTrue(run.out().contains("report.html"), run.out());
    assertTrue(run.err().contains("6 parts of 12, as --shard says; about"), run.err());
    Path other = temporary.resolve("other");
    CommandRun.succeeds(command(other, "--shard", "2/2"));
    whole = temporary.resolve("whole");
    CommandRun.succeeds(
        "experiment", "merge", part.toString(), other.toString(), "--out", whole.toString());
    data = ExperimentData.read(new ExperimentDirectory(whole));
  }

  private static String[] command(Path out, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("experiment", "devices", "--quick", "--out", out.toString()));
    arguments.addAll(List.of("--device", "java,jvm", "--threads", "1", "--preset", "digits"));
    arguments.addAll(List.of("--batches", "2", "--runs", "2"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  /** Files below a directory by their paths in it. */
  private static Map<String, byte[]> files(Path directory) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(directory.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static Path copy(Path of, String name) throws IOException {
    Path copy = temporary.resolve(name);
    for (Map.Entry<String, byte[]> file : files(of).entrySet()) {
      Path target = copy.resolve(file.getKey());
      Files.createDirectories(target.getParent());
      Files.write(target, file.getValue());
    }
    return copy;
  }

  private static Set<String> column(String table, String name) {
    return data.table(table).stream().map(row -> row.text(name)).collect(Collectors.toSet());
  }

  @Test
  void everyKernelHasAnErrorOnEveryDevice() throws IOException {
    String report = Files.readString(whole.resolve("report.md"));
    for (String device : ROWS) {
      List<Row> errors =
          data.table("error").stream().filter(row -> row.text("row").equals(device)).toList();
      assertEquals(
          OwnKernels.ids(),
          errors.stream().map(row -> row.text("kernel")).collect(Collectors.toSet()));
      for (Row row : errors) {
        assertTrue(row.number("max_error") < 1e-4, row.toString());
        assertTrue(report.contains("`" + row.text("kernel") + "`"), row.toString());
      }
    }
    assertEquals(List.of(), data.table(DeviceUnit.FAILURE));
  }

  @Test
  void everyProgramHasItsRunsWithEveryBatch() {
    assertEquals(2 * 3, data.table("speed").size());
    assertEquals((2 + 4 * 2) * 3, data.table("run").size());
    assertEquals(Set.copyOf(DevicesSettings.PROGRAMS), column("speed", "program"));
    for (DeviceTimes times : DeviceTimes.of(data)) {
      assertTrue(times.imagesPerSecond() > 0);
      assertTrue(times.imagesPerSecondInterval().low() <= times.imagesPerSecond());
      assertTrue(times.gflops() > 0);
      assertTrue(times.warmUps() >= 1 && times.steady().n() >= 1);
      double error = times.speed().number("max_error");
      assertTrue(error > 0 && error < 1e-4, times.toString());
    }
  }

  @Test
  void twoRunsAreComparedByTheSharesOfTheirKernels() {
    List<Row> rows = DeviceKernels.comparable(data.rows());
    for (String device : ROWS) {
      double[] shares =
          rows.stream()
              .filter(row -> row.table().equals("time"))
              .filter(row -> row.unit().equals(device + "-train-step-kernels"))
              .mapToDouble(row -> row.number("time_percent"))
              .toArray();
      assertTrue(shares.length > 10, shares.length + " kernels");
      assertEquals(100, Arrays.stream(shares).sum(), 1e-6);
    }
    assertTrue(rows.stream().noneMatch(row -> row.values().containsKey("median_ms")));
    assertTrue(rows.stream().anyMatch(row -> row.number("transfer_ms") > 0));
    assertTrue(RunComparison.of(rows, rows, 1).holds());
  }

  @Test
  void kernelsAddUpAndHaveARoof() {
    for (String device : ROWS) {
      List<Row> peaks =
          data.table("peak").stream().filter(row -> row.text("row").equals(device)).toList();
      Map<String, Long> runs =
          peaks.stream()
              .collect(Collectors.groupingBy(row -> row.text("kernel"), Collectors.counting()));
      assertEquals(3, runs.size());
      assertTrue(runs.values().stream().allMatch(count -> count >= 10), runs.toString());
      List<Row> rows =
          data.table("kernel").stream()
              .filter(row -> row.unit().equals(device + "-train-step-kernels"))
              .toList();
      DeviceKernels kernels = DeviceKernels.of("title", rows, peaks);
      assertTrue(kernels.gflops() > 0.1 && kernels.gigabytes() > 0.1, kernels.toString());
      assertEquals(
          1, kernels.kernels().stream().mapToDouble(DeviceKernels.Kernel::share).sum(), 1e-9);
      assertEquals(kernels.gflops(), kernels.roof(1e9));
      assertEquals(kernels.gigabytes() * 1e-3, kernels.roof(1e-3), 1e-12);
      assertTrue(kernels.kernels().stream().anyMatch(k -> k.name().equals("Conv.forward")));
    }
    assertEquals(Set.of("to the device", "from the device"), column("transfer", "direction"));
    for (Row row : data.table("program")) {
      double parts =
          row.number("kernels_ms") + row.number("launch_ms") + row.number("transfers_ms");
      assertEquals(row.number("total_ms"), parts, 1e-9 * parts);
    }
  }

  @Test
  void theReportIsMadeAgainByteForByte() throws IOException {
    Map<String, byte[]> before = files(whole);
    assertTrue(before.containsKey("pictures/roofline-jvm-1-thread-train-step.svg"));
    Path again = copy(whole, "again");
    Files.delete(again.resolve("report.html"));
    CommandRun.succeeds("experiment", "report", again.toString());
    Map<String, byte[]> after = files(again);
    assertEquals(before.keySet(), after.keySet());
    before.forEach((name, bytes) -> assertArrayEquals(bytes, after.get(name), name));
  }

  /** And what does not depend on speed is the same again. */
  @Test
  void aStoppedExperimentDoesOnlyWhatIsMissing() throws IOException {
    Path stopped = copy(part, "stopped");
    String made = "jvm-1-thread-train-step-batch-2.jsonl";
    Files.delete(stopped.resolve("rows").resolve(made));
    CommandRun run = CommandRun.succeeds(command(stopped, "--shard", "1/2", "--resume"));
    assertTrue(run.err().contains("6 parts of 12, as --shard says, 5 are done"), run.err());
    Map<String, byte[]> before = files(part.resolve("rows"));
    Map<String, byte[]> after = files(stopped.resolve("rows"));
    assertEquals(before.keySet(), after.keySet());
    before.forEach((name, bytes) -> {
      if (!name.equals(made)) {
        assertArrayEquals(bytes, after.get(name), name);
      }
    });
    List<Row> first = ExperimentData.read(new ExperimentDirectory(part)).rows();
    List<Row> again = ExperimentData.read(new ExperimentDirectory(stopped)).rows();
    for (Figure figure : RunComparison.of(first, again, 2).figures()) {
      if (!figure.tolerance().measured()) {
        assertEquals(Verdict.EQUAL, figure.verdict(), figure.toString());
      }
    }
  }

  @Test
  void partsMakeTheWhole() throws IOException {
    Map<String, byte[]> rows = files(whole.resolve("rows"));
    assertEquals(12, rows.size());
    Map<String, byte[]> ofPart = files(part.resolve("rows"));
    assertEquals(6, ofPart.size());
    ofPart.forEach((name, bytes) -> assertArrayEquals(bytes, rows.get(name), name));
  }

  @Test
  void javaWithoutVectorsDoesSmallBatchesOnly() {
    Preset digits = Presets.named("digits");
    DeviceRow java = DeviceRow.of(List.of("java"), List.of("auto"), 2).getFirst();
    DeviceRow jvm = DeviceRow.of(List.of("jvm"), List.of("auto"), 2).getLast();
    assertEquals("jvm-2-threads", jvm.key());
    DevicesSettings full = DevicesSettings.of(digits, List.of(16, 4, 1, 4), 20, false);
    assertEquals(List.of(1, 4), full.batches(java));
    assertEquals(List.of(1, 4, 16), full.batches(jvm));
    assertEquals(4, full.profiledBatch(jvm));
    assertEquals(5, full.runs(jvm, Benchmark.SAMPLE, 16));
    assertEquals(80, full.runs(jvm, "forward", 1));
    assertEquals(10, full.runs(java, "forward", 1));
    DevicesSettings large = DevicesSettings.of(digits, List.of(16, 32), 20, true);
    assertEquals(List.of(16), large.batches(java), "the smallest there is");
    assertEquals(16, large.profiledBatch(jvm));
  }

  @Test
  void aWrongKernelHasNoFigures() {
    DeviceRow broken =
        new DeviceRow("jvm-1-thread", "broken", "jvm", "lanes", 1, measure -> new WrongEngine());
    DevicesSettings settings = DevicesSettings.of(Presets.named("digits"), List.of(1), 2, true);
    for (DeviceUnit unit :
        List.of(
            new DevicePeaks(broken, settings),
            new DeviceProfile(broken, settings, "forward"),
            new DeviceSpeed(broken, settings, "forward", 1))) {
      List<String> tables = new ArrayList<>();
      List<Map<String, ?>> rows = new ArrayList<>();
      unit.run(
          new Experiment.Sink() {
            @Override
            public void row(String table, Map<String, ?> row) {
              tables.add(table);
              rows.add(row);
            }

            @Override
            public void picture(String name, byte[] png) {}

            @Override
            public void progress(double share, String details) {}
          });
      assertEquals(List.of(DeviceUnit.FAILURE), tables, unit.key());
      assertTrue(rows.getFirst().get("reason").toString().contains("wrong"), rows.toString());
    }
  }

  @Test
  void badInputIsRefusedBeforeAnythingRuns() throws IOException {
    CommandRun.refused(List.of("nvidia:0", "jvm"), "experiment", "devices", "--device", "nvidia:0");
    CommandRun.refused(List.of("--runs"), "experiment", "devices", "--runs", "1");
    CommandRun.refused(List.of("--batches"), "experiment", "devices", "--batches", "4,0");
    CommandRun.refused(List.of("--threads"), "experiment", "devices", "--threads", "0");
    Path mine = Files.createDirectory(temporary.resolve("mine"));
    Files.writeString(mine.resolve("report.md"), "mine");
    CommandRun.refused(
        List.of("not empty", "--out"),
        "experiment",
        "devices",
        "--device",
        "jvm",
        "--out",
        mine.toString());
    assertEquals("mine", Files.readString(mine.resolve("report.md")));
    assertFalse(Files.exists(mine.resolve("manifest.json")));
  }
}
