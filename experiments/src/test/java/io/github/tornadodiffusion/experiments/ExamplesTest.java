package io.github.tornadodiffusion.experiments;

import static io.github.tornadodiffusion.experiments.Pictures.assertPixels;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of single files, as their first lines say that they are used. */
class ExamplesTest {
  private static final Path EXAMPLES = Path.of("../examples").toAbsolutePath().normalize();
  private static final int MOST_LINES = 79;
  private static final int STEPS = 3;

  @TempDir static Path root;

  /** What the loop of {@code TrainingLoop} printed, and its model. */
  private static CommandRun loop;

  private static Path model;

  @BeforeAll
  static void install() throws Exception {
    InstalledProgram.into(root);
    model = root.resolve("loop");
    loop = run("TrainingLoop.java", Integer.toString(STEPS), model.toString());
  }

  private static String example(String file) {
    return EXAMPLES.resolve(file).toString();
  }

  /** Runs an example. */
  private static CommandRun run(String file, String... arguments) throws Exception {
    CommandRun run =
        InstalledProgram.run(
            root,
            root,
            Stream.concat(Stream.of("run", example(file)), Stream.of(arguments))
                .toArray(String[]::new));
    assertEquals(0, run.code(), run.err());
    return run;
  }

  private static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      List<Path> java = files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
      assertTrue(java.size() >= 7, java.toString());
      return java;
    }
  }

  @Test
  void eachIsShortAndSaysHowItIsRun() throws IOException {
    String page = Files.readString(EXAMPLES.resolve("README.md"));
    for (Path file : files()) {
      String name = file.getFileName().toString();
      List<String> lines = Files.readAllLines(file);
      assertTrue(lines.size() <= MOST_LINES, "%s has %d lines".formatted(name, lines.size()));
      String command = "./tornado-diffusion run examples/" + name;
      assertTrue(lines.stream().anyMatch(line -> line.contains(command)), name);
      assertTrue(page.contains("[%s](%s)".formatted(name, name)), name + " is not in README.md");
      assertTrue(page.contains(command), name + " has no command in README.md");
    }
  }

  /** Those that take arguments say so in one line. */
  @Test
  void withoutArgumentsTheySayHowTheyAreRun() throws Exception {
    for (String name : List.of("Sample", "TrainingLoop", "OwnLayer", "OwnModel", "OwnSchedule")) {
      String file = example(name + ".java");
      CommandRun run = InstalledProgram.run(root, root, "run", file);
      assertEquals(2, run.code(), run.err());
      String said = run.err().lines().toList().getLast();
      assertTrue(
          said.startsWith("error: " + file + " needs more arguments than the 0 given"), said);
      assertTrue(said.contains("./tornado-diffusion run examples/" + name + ".java "), said);
    }
    CommandRun help =
        InstalledProgram.run(root, root, "run", example("OwnExperiment.java"), "--help");
    assertEquals(0, help.code(), help.err());
    assertTrue(help.out().contains("--seeds"), help.out());
  }

  @Test
  void theyCompileWithoutWarnings() throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of("-Xlint:all,-incubating,-classfile,-path", "-Werror", "-proc:none"));
    arguments.addAll(List.of("--add-modules=jdk.incubator.vector", "-d", root + "/compiled"));
    files().forEach(file -> arguments.add(file.toString()));
    assertEquals(
        0,
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, arguments.toArray(String[]::new)));
  }

  /** To the last bit. */
  @Test
  void theTrainingLoopTrainsAsTheCommandDoes() throws IOException {
    Path out = root.resolve("train");
    CommandRun.succeeds(
        "train",
        "--steps",
        Integer.toString(STEPS),
        "--samples",
        "1",
        "--sample-steps",
        "1",
        "--out",
        out.toString());
    List<String> losses =
        Files.readAllLines(out.resolve("loss.csv")).stream()
            .skip(1)
            .map(line -> line.split(",")[0] + " " + line.split(",")[2])
            .toList();
    assertEquals(STEPS, losses.size());
    assertEquals(losses, loop.out().lines().toList());
    for (String file :
        List.of(
            "model_index.json",
            "scheduler/scheduler_config.json",
            "unet/config.json",
            "unet/diffusion_pytorch_model.safetensors")) {
      assertEquals(-1, Files.mismatch(out.resolve(file), model.resolve(file)), file);
    }
  }

  private static BufferedImage sample(Path out, String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("sample", "--model", model.toString(), "--out", out.toString()));
    arguments.addAll(List.of("--count", "16", "--steps", "3", "--seed", "1"));
    arguments.addAll(List.of(more));
    CommandRun.succeeds(arguments.toArray(String[]::new));
    return ImageIO.read(out.toFile());
  }

  @Test
  void sampleDrawsWhatTheCommandDraws() throws Exception {
    Path out = root.resolve("16.png");
    run("Sample.java", model.toString(), "ddim", "3", out.toString());
    assertPixels(
        sample(root.resolve("command.png"), "--scheduler", "ddim"), ImageIO.read(out.toFile()));
  }

  @Test
  void anOwnLayerIsCheckedAndTrained() throws Exception {
    double[] printed =
        run("OwnLayer.java", "30").out().lines().mapToDouble(Double::parseDouble).toArray();
    assertEquals(31, printed.length);
    assertTrue(printed[0] < 2e-3, "error of the gradient " + printed[0]);
    assertTrue(printed[30] < 0.7 * printed[1], printed[1] + " to " + printed[30]);
  }

  /** Of a class that only its directory and the plug-in name. */
  @Test
  void anOwnModelIsTrainedAndSampled() throws Exception {
    Path own = root.resolve("own-model");
    double[] losses =
        run("OwnModel.java", "30", own.toString())
            .out()
            .lines()
            .mapToDouble(Double::parseDouble)
            .toArray();
    assertTrue(losses[29] < 0.7 * losses[0], losses[0] + " to " + losses[29]);
    Path out = root.resolve("own-model.png");
    String[] sample = {
      "sample",
      "--model",
      own.toString(),
      "--out",
      out.toString(),
      "--steps",
      "3",
      "--plugin",
      example("OwnModel.java")
    };
    CommandRun.succeeds(sample);
    assertTrue(ImageIO.read(out.toFile()).getWidth() > 8);
    CommandRun.refused(List.of("OwnModel", "--plugin"), Arrays.copyOf(sample, sample.length - 2));
    CommandRun.refused(
        List.of("OwnModel", "UNet2DModel"),
        "train",
        "--model",
        own.toString(),
        "--steps",
        "1",
        "--out",
        root.resolve("none").toString(),
        "--plugin",
        example("OwnModel.java"));
  }

  @Test
  void anOwnKernelIsCheckedAndRuns() throws Exception {
    kernel("jvm");
  }

  @Test
  @OnDevice
  void anOwnKernelIsCheckedAndRunsOnADevice() throws Exception {
    kernel(OnDevice.ID);
  }

  private static void kernel(String device) throws Exception {
    String[] words = run("OwnKernel.java", "--device", device).out().strip().split(" ");
    assertEquals(device + ":", words[0]);
    double error = Double.parseDouble(words[words.length - 1]);
    assertTrue(error < 2e-3, "error of the gradient " + error);
  }

  /** Whichever of the two kernels it is. */
  @Test
  void aWrongOwnKernelIsNamed() throws Exception {
    String source = Files.readString(EXAMPLES.resolve("OwnKernel.java"));
    wrong("OwnKernel.backward", source.replace("float slope = 2f *", "float slope = 1f *"), source);
    wrong("OwnKernel.forward", source.replace("x * x)", "x * x * x)"), source);
  }

  private static void wrong(String kernel, String wrong, String right) throws Exception {
    assertTrue(!wrong.equals(right), kernel);
    Path file = Files.writeString(root.resolve("OwnKernel.java"), wrong);
    CommandRun run = InstalledProgram.run(root, root, "run", file.toString());
    assertEquals(1, run.code(), run.err());
    String thrown = run.err().lines().findFirst().orElseThrow();
    assertTrue(thrown.contains(": " + kernel + ": not what its oracle says"), thrown);
  }

  @Test
  void anOwnScheduleIsDrawnAndTrainedWith() throws Exception {
    Path out = root.resolve("schedules.png");
    run("OwnSchedule.java", out.toString());
    assertTrue(ImageIO.read(out.toFile()).getWidth() > 100);
    Path trained = root.resolve("own-schedule");
    CommandRun.succeeds(
        "train",
        "--schedule",
        "OwnSchedule",
        "--plugin",
        example("OwnSchedule.java"),
        "--steps",
        "1",
        "--batch",
        "4",
        "--samples",
        "1",
        "--sample-steps",
        "1",
        "--out",
        trained.toString());
    assertTrue(
        Files.readString(trained.resolve("scheduler/scheduler_config.json"))
            .contains("trained_betas"));
    String manifest = Files.readString(trained.resolve("manifest.json"));
    assertTrue(manifest.contains("\"beta_schedule\" : \"OwnSchedule\""), manifest);
    assertTrue(manifest.contains(example("OwnSchedule.java")), manifest);
  }

  @Test
  void anOwnScheduleIsCompared() {
    Path out = root.resolve("schedules");
    CommandRun.succeeds(
        "experiment",
        "schedules",
        "--schedules",
        "squaredcos_cap_v2,OwnSchedule",
        "--plugin",
        example("OwnSchedule.java"),
        "--seeds",
        "1",
        "--steps",
        "2",
        "--batch",
        "4",
        "--samples",
        "4",
        "--sample-steps",
        "2",
        "--bound-timesteps",
        "2",
        "--held-out-images",
        "4",
        "--classifier-steps",
        "5",
        "--out",
        out.toString());
    assertTrue(Files.exists(out.resolve("rows/seed-0-OwnSchedule.jsonl")));
  }

  @Test
  void anOwnSchedulerIsBetterThanDdimAndSamples() throws Exception {
    List<String> lines = run("OwnScheduler.java").out().lines().toList();
    assertEquals(4, lines.size());
    for (String line : lines) {
      double[] errors =
          Stream.of(line.replaceAll("[^0-9. -]", " ").strip().split("\\s+"))
              .mapToDouble(Double::parseDouble)
              .toArray();
      assertTrue(Math.abs(errors[1]) < 0.7 * Math.abs(errors[2]), line);
    }
    String plugin = example("OwnScheduler.java");
    BufferedImage own =
        sample(root.resolve("own.png"), "--scheduler", "OwnScheduler", "--plugin", plugin);
    BufferedImage ddim = sample(root.resolve("ddim.png"), "--scheduler", "ddim");
    assertEquals(ddim.getWidth(), own.getWidth());
  }

  @Test
  void anOwnExperimentMakesItsReport() throws Exception {
    String[] tiny = {"--steps", "1", "--seeds", "2", "--out"};
    Path direct = root.resolve("direct");
    run("OwnExperiment.java", tiny[0], tiny[1], tiny[2], tiny[3], tiny[4], direct.toString());
    Path plugged = root.resolve("plugged");
    String plugin = example("OwnExperiment.java");
    CommandRun.succeeds(
        "experiment",
        "min-snr",
        "--plugin",
        plugin,
        tiny[0],
        tiny[1],
        tiny[2],
        tiny[3],
        tiny[4],
        plugged.toString());
    String report = Files.readString(direct.resolve("report.md"));
    assertTrue(report.contains("In 2 pairs"), report);
    assertEquals(report, Files.readString(plugged.resolve("report.md")));
    String manifest = Files.readString(plugged.resolve("manifest.json"));
    assertTrue(
        manifest.replaceAll("\\s", "").contains("\"configuration\":{\"seeds\":2,\"steps\":1}"),
        manifest);
    CommandRun.refused(
        List.of("min-snr", "--quick"), "experiment", "min-snr", "--plugin", plugin, "--quick");
    // From the rows alone, in parts, and again: with the plug-in of the run.
    Files.delete(plugged.resolve("report.md"));
    CommandRun.succeeds("experiment", "report", plugged.toString());
    assertEquals(report, Files.readString(plugged.resolve("report.md")));
    List<String> parts = new ArrayList<>();
    for (String shard : List.of("1/2", "2/2")) {
      String part = root.resolve("part-" + shard.charAt(0)).toString();
      String[] some = {"experiment", "min-snr", "--plugin", plugin, "--shard", shard};
      CommandRun.succeeds(
          Stream.concat(
                  Stream.of(some), Stream.of(tiny[0], tiny[1], tiny[2], tiny[3], tiny[4], part))
              .toArray(String[]::new));
      parts.add(part);
    }
    Path whole = root.resolve("whole");
    CommandRun.succeeds(
        "experiment", "merge", parts.getFirst(), parts.getLast(), "--out", whole.toString());
    assertEquals(report, Files.readString(whole.resolve("report.md")));
    assertTrue(
        Files.readString(whole.resolve("manifest.json")).contains("OwnExperiment.java"),
        "the plug-in");
    CommandRun.succeeds(
        "experiment",
        "rerun",
        plugged.resolve("manifest.json").toString(),
        "--out",
        root.resolve("again").toString());
  }
}
