package io.github.tornadodiffusion.experiments.study;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.framework.RunComparison;
import io.github.tornadodiffusion.nn.io.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class StudyExperimentsTest {
  private static final List<String> UNITS =
      List.of("seed-0-linear", "seed-0-sigmoid", "seed-1-linear", "seed-1-sigmoid");

  @TempDir static Path temporary;

  private static Path whole;

  private static CommandRun schedules(Path out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("experiment", "schedules", "--schedules", "linear,sigmoid", "--seeds", "2"));
    arguments.addAll(tiny(out));
    arguments.addAll(List.of(more));
    return CommandRun.succeeds(arguments.toArray(String[]::new));
  }

  private static List<String> tiny(Path out) {
    return List.of(
        "--data",
        temporary.resolve("images").toString(),
        "--threads",
        "1",
        "--steps",
        "2",
        "--batch",
        "4",
        "--samples",
        "4",
        "--sample-steps",
        "1,2",
        "--bound-timesteps",
        "2",
        "--held-out-images",
        "4",
        "--classifier-steps",
        "2",
        "--out",
        out.toString());
  }

  @BeforeAll
  static void runOnce() throws IOException {
    writeImages();
    whole = temporary.resolve("whole");
    CommandRun run = schedules(whole);
    assertTrue(run.err().contains("4 parts; about"), run.err());
    assertTrue(run.out().contains("report.html"), run.out());
  }

  /** Forty images of the preset's size in two classes, one brighter than the other. */
  private static void writeImages() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 40; i++) {
      BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
      for (int pixel = 0; pixel < 64; pixel++) {
        int grey = random.nextInt(128) + i % 2 * 128;
        image.getRaster().setSample(pixel % 8, pixel / 8, 0, grey);
      }
      Path directory = temporary.resolve("images").resolve(i % 2 == 0 ? "dark" : "bright");
      Files.createDirectories(directory);
      ImageIO.write(image, "png", directory.resolve(i + ".png").toFile());
    }
  }

  private static List<Row> rows(Path directory) throws IOException {
    return ExperimentData.read(new ExperimentDirectory(directory)).rows();
  }

  /** The rows without what is measured by a clock. */
  private static List<Row> quality(Path directory) throws IOException {
    return RunComparison.withoutMeasured(rows(directory));
  }

  @Test
  void everyUnitHasEveryFigureAndTheReportIsMadeOfThem() throws IOException {
    List<Row> rows = rows(whole);
    assertEquals(UNITS, rows.stream().map(Row::unit).distinct().toList());
    for (String unit : UNITS) {
      List<Row> mine = rows.stream().filter(row -> row.unit().equals(unit)).toList();
      assertEquals(2, mine.stream().filter(row -> row.table().equals("loss")).count());
      assertEquals(4, mine.stream().filter(row -> row.table().equals("error_by_quarter")).count());
      List<Row> quality = mine.stream().filter(row -> row.table().equals("quality")).toList();
      assertEquals(2, quality.size());
      for (Row row : quality) {
        assertTrue(row.number("fid") > 0, row.toString());
        assertTrue(Double.isFinite(row.number("kid")), row.toString());
        assertTrue(row.number("generated_median_distance") > 0, row.toString());
      }
      Row bound =
          mine.stream().filter(row -> row.table().equals("bound")).findFirst().orElseThrow();
      assertTrue(bound.number("bits_per_dimension") > 0);
      assertTrue(Files.size(whole.resolve("rows").resolve(unit).resolve("samples-2.png")) > 0);
    }
    String report = Files.readString(whole.resolve("report.md"));
    for (String part :
        List.of(
            "p (Holm)", "terminal SNR", "`sigmoid` − `linear`", "cannot be below 0.5", "Time")) {
      assertTrue(report.contains(part), part);
    }
    assertTrue(Files.size(whole.resolve("pictures/frechet.svg")) > 0);
  }

  @Test
  void theReportIsMadeAnewWithTheSameBytes() throws IOException {
    byte[] html = Files.readAllBytes(whole.resolve("report.html"));
    byte[] markdown = Files.readAllBytes(whole.resolve("report.md"));
    Files.delete(whole.resolve("report.html"));
    CommandRun.succeeds("experiment", "report", whole.toString());
    assertArrayEquals(html, Files.readAllBytes(whole.resolve("report.html")));
    assertArrayEquals(markdown, Files.readAllBytes(whole.resolve("report.md")));
  }

  @Test
  void shardsMergeToTheWhole() throws IOException {
    List<String> parts = new ArrayList<>();
    for (int i = 1; i <= 2; i++) {
      Path part = temporary.resolve("shard" + i);
      schedules(part, "--shard", i + "/2");
      parts.add(part.toString());
      assertEquals(2, rows(part).stream().map(Row::unit).distinct().count());
    }
    Path merged = temporary.resolve("merged");
    CommandRun.succeeds(
        Stream.concat(Stream.of("experiment", "merge", "--out", merged.toString()), parts.stream())
            .toArray(String[]::new));
    assertEquals(quality(whole), quality(merged));
  }

  @Test
  void whatIsMissingIsDoneByResuming() throws IOException {
    Path part = temporary.resolve("resumed");
    Files.createDirectories(part.resolve("rows"));
    Files.copy(whole.resolve("manifest.json"), part.resolve("manifest.json"));
    Path kept = part.resolve("rows/seed-0-linear.jsonl");
    Files.copy(whole.resolve("rows/seed-0-linear.jsonl"), kept);
    byte[] before = Files.readAllBytes(kept);
    CommandRun run = schedules(part, "--resume");
    assertTrue(run.err().contains("1 are done"), run.err());
    assertArrayEquals(before, Files.readAllBytes(kept));
    assertEquals(quality(whole), quality(part));
  }

  @Test
  void theManifestSaysWhatItTakesToRepeatIt() throws IOException {
    JsonNode manifest = ExperimentData.read(new ExperimentDirectory(whole)).manifest();
    assertEquals("finished", manifest.path("status").asString());
    assertEquals("schedules", manifest.path("experiment").asString());
    assertEquals("experiment", manifest.at("/arguments/0").asString());
    assertTrue(manifest.path("command").asString().contains(" experiment schedules "));
    assertEquals(64, manifest.at("/configuration/data_sha256").asString().length());
    assertTrue(manifest.at("/configuration/seeds").asInt() > 0);
    assertEquals("jvm", manifest.at("/configuration/device").asString());
    assertEquals("jvm", manifest.at("/devices/0/device").asString());
    assertTrue(manifest.at("/machine/cores").asInt() > 0);
    assertFalse(manifest.at("/machine/jvm").asString().isEmpty());
  }

  @Test
  void aRerunIsEqualInQuality() {
    CommandRun run =
        CommandRun.succeeds(
            "experiment",
            "rerun",
            whole.resolve("manifest.json").toString(),
            "--factor",
            "1e6",
            "--out",
            temporary.resolve("rerun").toString());
    assertTrue(run.out().contains("the run repeats"), run.out());
    run.out()
        .lines()
        .filter(line -> line.startsWith("| ") && !line.contains("_seconds"))
        .skip(2)
        .forEach(line -> assertTrue(line.contains("| equal |"), line));
  }

  @Test
  void anIncompleteExperimentHasAReportThatSaysSo() throws IOException {
    Path part = temporary.resolve("incomplete");
    Files.createDirectories(part.resolve("rows"));
    Files.copy(whole.resolve("manifest.json"), part.resolve("manifest.json"));
    CommandRun.succeeds("experiment", "report", part.toString());
    assertTrue(Files.readString(part.resolve("report.md")).contains("0 of 4 models are done"));
    Path rows = whole.resolve("rows/seed-1-sigmoid.jsonl");
    Files.copy(rows, part.resolve("rows/seed-1-sigmoid.jsonl"));
    CommandRun.succeeds("experiment", "report", part.toString());
    assertTrue(Files.readString(part.resolve("report.md")).contains("1 of 4 models are done"));
  }

  @Test
  void predictionsAreComparedInPairs() throws IOException {
    Path out = temporary.resolve("prediction");
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "experiment",
                "prediction",
                "--predictions",
                "epsilon,sample,learned_range",
                "--seeds",
                "1"));
    arguments.addAll(tiny(out));
    CommandRun.succeeds(arguments.toArray(String[]::new));
    List<Row> bounds = rows(out).stream().filter(row -> row.table().equals("bound")).toList();
    assertEquals(3, bounds.size());
    bounds.forEach(row -> assertTrue(row.number("bits_per_dimension") > 0, row.toString()));
    String report = Files.readString(out.resolve("report.md"));
    assertTrue(report.contains("`learned_range` − `epsilon`"), report);
    assertFalse(report.contains("terminal SNR"));
  }

  @Test
  void tablesHaveARowForEveryRow() throws IOException {
    List<String> summary = Files.readAllLines(whole.resolve("summary.csv"));
    assertTrue(summary.getFirst().startsWith("unit,seed,arm,schedule,step,"), summary.getFirst());
    assertEquals(1 + UNITS.size(), summary.size());
    assertTrue(summary.getLast().startsWith("seed-1-sigmoid,1,sigmoid,sigmoid,2,"));
    assertEquals(1 + 2 * UNITS.size(), Files.readAllLines(whole.resolve("samples.csv")).size());
    List<String> curves = Files.readAllLines(whole.resolve("curves.csv"));
    List<Row> rows = rows(whole);
    long single =
        rows.stream()
            .filter(row -> List.of("features", "bound", "times", "quality").contains(row.table()))
            .count();
    assertEquals(1 + rows.size() - single, curves.size());
    String loss =
        Double.toString(
            rows.stream()
                .filter(row -> row.table().equals("loss"))
                .findFirst()
                .orElseThrow()
                .number("loss"));
    assertTrue(curves.get(1).startsWith("seed-0-linear,0,linear,linear,1,loss,"), curves.get(1));
    assertTrue(curves.get(1).contains("," + loss + ","), curves.get(1));
  }

  @Test
  void imagesAreChosenAndDescribed() throws IOException {
    Path out = temporary.resolve("chosen");
    CommandRun run = schedules(out, "--classes", "bright", "--image-size", "16", "--channels", "3");
    String subject = "20 images of %s".formatted(temporary.resolve("images"));
    assertTrue(
        run.err().contains(subject) || run.err().contains("classes bright 20 of 40"), run.err());
    assertTrue(run.err().contains("16x16 colour; the files are 8x8 pixels, grey"), run.err());
    String report = Files.readString(out.resolve("report.md"));
    assertTrue(
        report.contains("| images | 16x16 colour; the files are 8x8 pixels, grey |"), report);
    JsonNode configuration =
        ExperimentData.read(new ExperimentDirectory(out)).manifest().path("configuration");
    assertEquals(
        20,
        configuration.path("training_images").asInt()
            + configuration.path("held_out_images").asInt());
    CommandRun.refused(
        List.of("--classes", "grey", "bright"),
        Stream.concat(
                Stream.of("experiment", "schedules", "--classes", "grey"),
                tiny(temporary.resolve("none")).stream())
            .toArray(String[]::new));
  }

  @Test
  void theTimeEndsItInOrderAndItGoesOn() throws IOException {
    Path out = temporary.resolve("timed");
    CommandRun stopped = schedules(out, "--max-hours", "0.0001");
    assertTrue(
        stopped.err().contains("stopped after the time of --max-hours, 0 of 4"), stopped.err());
    assertTrue(stopped.err().contains("--resume"), stopped.err());
    assertTrue(Files.readString(out.resolve("report.md")).contains("0 of 4 models are done"));
    assertEquals(
        "interrupted",
        Json.tree(Files.readString(out.resolve("manifest.json"))).path("status").asString());
    schedules(out, "--resume", "--max-hours", "10");
    assertEquals(quality(whole), quality(out));
  }

  @Test
  void anEarlierVersionsRunGoesOnAndIsRepeated() throws IOException {
    Path old = temporary.resolve("old");
    Files.createDirectories(old.resolve("rows"));
    // It did not describe its images.
    String manifest = Files.readString(whole.resolve("manifest.json"));
    String without = manifest.replaceFirst("\\s*\"images\"\\s*:\\s*\"[^\"]*\",", "");
    assertFalse(without.equals(manifest));
    Files.writeString(old.resolve("manifest.json"), without);
    for (String unit : UNITS) {
      Files.copy(
          whole.resolve("rows").resolve(unit + ".jsonl"),
          old.resolve("rows").resolve(unit + ".jsonl"));
    }
    CommandRun.succeeds("experiment", "report", old.toString());
    assertFalse(Files.readString(old.resolve("report.md")).contains("| images |"));
    CommandRun run = schedules(old, "--resume");
    assertTrue(run.err().contains("4 are done"), run.err());
  }

  @Test
  void badOptionsAreRefusedInOneLine() {
    CommandRun.refused(
        List.of("wavy", "squaredcos_cap_v2"),
        "experiment",
        "schedules",
        "--schedules",
        "linear,wavy");
    CommandRun.refused(
        List.of("--schedules", "2 different"), "experiment", "schedules", "--schedules", "linear");
    CommandRun.refused(List.of("--seeds"), "experiment", "schedules", "--seeds", "0");
    CommandRun.refused(
        List.of("--sample-steps"), "experiment", "schedules", "--sample-steps", "10,10");
    CommandRun.refused(
        List.of("Unknown scheduler", "DDIMScheduler"),
        "experiment",
        "schedules",
        "--scheduler",
        "fast");
    CommandRun.refused(
        List.of("EDMEulerScheduler"), "experiment", "prediction", "--scheduler", "edmeuler");
    CommandRun.refused(
        List.of("angle", "v_prediction"),
        "experiment",
        "prediction",
        "--predictions",
        "epsilon,angle");
    CommandRun.refused(List.of("--shard"), "experiment", "schedules", "--shard", "3/2");
    CommandRun.refused(List.of("--max-hours"), "experiment", "schedules", "--max-hours", "0");
    CommandRun.refused(List.of("--images"), "experiment", "schedules", "--images", "0");
    CommandRun.refused(
        List.of("--bound-timesteps"), "experiment", "schedules", "--bound-timesteps", "1001");
  }
}
