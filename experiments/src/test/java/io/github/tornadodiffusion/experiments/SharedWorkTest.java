package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sampling and experiments over processes that an MPI launcher starts: left out where there is
 * none.
 */
class SharedWorkTest {
  private static final Path TEXT = Path.of("../nn/src/test/resources/golden/sd_tiny");

  @TempDir private Path directory;

  /** A model of one level that nobody trained. */
  private Path model(long seed) throws IOException {
    UNet2DConfig config =
        UNet2DConfig.builder()
            .sampleSize(8)
            .inChannels(1)
            .outChannels(1)
            .blockOutChannels(8)
            .downBlockTypes("DownBlock2D")
            .upBlockTypes("UpBlock2D")
            .layersPerBlock(1)
            .normNumGroups(2)
            .numClassEmbeds(3)
            .build();
    Path model = directory.resolve("model-" + seed);
    new DiffusionModel(
            new DDPMScheduler(SchedulerConfig.of(100, BetaSchedule.LINEAR, PredictionType.EPSILON)),
            config,
            Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), seed))
        .writeInto(model);
    new ClassLabels(3, null).write(model);
    return model;
  }

  private static String[] arguments(String command, Path model, Path images, Object... more) {
    List<String> arguments = new ArrayList<>(List.of(command, "--model", model.toString()));
    arguments.addAll(List.of("--images", images.toString(), "--threads", "1"));
    for (Object argument : more) {
      arguments.add(argument.toString());
    }
    return arguments.toArray(String[]::new);
  }

  private static void assertSameFiles(Path expected, Path actual) throws IOException {
    Map<String, byte[]> files = files(expected);
    assertEquals(files.keySet(), files(actual).keySet());
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      assertArrayEquals(
          file.getValue(), Files.readAllBytes(actual.resolve(file.getKey())), file.getKey());
    }
  }

  private static Map<String, byte[]> files(Path directory) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(directory)) {
      for (Path file : all.toList()) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  /** The last round has images for some of the processes alone. */
  @ParameterizedTest
  @EnumSource
  void imagesAreThoseOfOneProcess(Launcher launcher) throws Exception {
    Path model = model(1);
    Object[] more = {"--count", 11, "--batch", 2, "--steps", 3};
    Path one = directory.resolve("one");
    Path strip = directory.resolve("one-strip.png");
    CommandRun.succeeds(
        arguments("sample", model, one, with(more, "--out", one + ".png", "--strip", strip)));
    for (int processes : launcher == Launcher.OPEN_MPI ? new int[] {2, 4} : new int[] {2}) {
      Path many = directory.resolve("of-" + processes);
      Path manyStrip = directory.resolve("strip-%d.png".formatted(processes));
      String printed =
          ProgramRun.together(
              0,
              directory,
              launcher.command(processes),
              arguments(
                  "sample", model, many, with(more, "--out", many + ".png", "--strip", manyStrip)));
      assertEquals(1, printed.split("images    ", -1).length - 1, printed);
      assertTrue(printed.contains("sample 18/18  11 images  done"), printed);
      assertSameFiles(one, many);
      assertEquals(-1, Files.mismatch(Path.of(one + ".png"), Path.of(many + ".png")));
      assertEquals(-1, Files.mismatch(strip, manyStrip));
    }
  }

  private static Object[] with(Object[] some, Object... more) {
    return Stream.concat(Stream.of(some), Stream.of(more)).toArray();
  }

  @ParameterizedTest
  @EnumSource
  void imagesOfTextsAreThoseOfOneProcess(Launcher launcher) throws Exception {
    Object[] more = {
      "--prompt", "a photo of a cat", "--prompt", "snow", "--count", 5, "--steps", 2
    };
    Path one = directory.resolve("one");
    CommandRun.succeeds(arguments("sample", TEXT, one, more));
    Path two = directory.resolve("two");
    String[] shared = arguments("sample", TEXT, two, with(more, "--batch", 2));
    String _ = ProgramRun.together(0, directory, launcher.command(2), shared);
    assertSameFiles(one, two);
  }

  @Test
  void aSamplingThatWasStoppedGoesOnWithAnotherNumber() throws Exception {
    Path model = model(1);
    Object[] more = {"--count", 40000, "--batch", 1, "--steps", 2};
    Path images = directory.resolve("stopped");
    String[] arguments = arguments("sample", model, images, more);
    try (ProgramRun run =
        ProgramRun.start(directory, Launcher.OPEN_MPI.command(2), List.of(), arguments)) {
      run.await(images.resolve("00100.png"));
      run.signal("TERM");
      String printed = run.endsWithFailure();
      assertTrue(printed.contains("of 40000 images are kept in " + images), printed);
      assertTrue(printed.contains(" --resume goes on"), printed);
    }
    Path some = directory.resolve("some");
    Files.createDirectories(some);
    for (String name : List.of("00000.png", "00001.png", "00002.png", "00004.png")) {
      Files.copy(images.resolve(name), some.resolve(name));
    }
    Object[] fewer = {"--count", 11, "--batch", 2, "--steps", 2};
    String printed =
        ProgramRun.together(
            0,
            directory,
            Launcher.OPEN_MPI.command(3),
            arguments("sample", model, some, with(fewer, "--resume")));
    assertTrue(printed.contains("3 of 11 images are there"), printed);
    Path one = directory.resolve("one");
    CommandRun.succeeds(arguments("sample", model, one, fewer));
    assertEquals(files(one).keySet(), files(some).keySet());
    for (int i = 4; i < 11; i++) {
      String name = "%05d.png".formatted(i);
      assertEquals(-1, Files.mismatch(one.resolve(name), some.resolve(name)), name);
    }
  }

  @Test
  void aProcessThatIsKilledIsNamed() throws Exception {
    Path images = directory.resolve("killed");
    String[] arguments =
        arguments("sample", model(1), images, "--count", 40000, "--batch", 1, "--steps", 2);
    try (ProgramRun run =
        ProgramRun.start(directory, Launcher.OPEN_MPI.command(2), List.of(), arguments)) {
      run.await(images.resolve("00010.png"));
      long second = Launcher.pid(run, 1);
      new ProcessBuilder("kill", "-KILL", Long.toString(second)).start().waitFor();
      String printed = run.endsWithFailure();
      assertTrue(printed.contains("error: process 1 of 2 (pid %d on ".formatted(second)), printed);
      assertTrue(printed.contains("has ended; "), printed);
      assertTrue(printed.contains(" --resume goes on"), printed);
    }
  }

  @Test
  void processesWithOtherModelsAreRefused() throws Exception {
    Path images = directory.resolve("none");
    List<String> words = new ArrayList<>(List.of(arguments("sample", model(1), images)));
    words.addAll(List.of(":", "-n", "1"));
    words.addAll(ProgramRun.command(List.of(), arguments("sample", model(2), images)));
    String printed =
        ProgramRun.together(
            2, directory, Launcher.OPEN_MPI.command(1), words.toArray(String[]::new));
    String difference = "has model unet/diffusion_pytorch_model.safetensors ";
    assertTrue(printed.contains("error: process 1 of 2 (pid "), printed);
    assertTrue(printed.contains(difference), printed);
    assertTrue(Files.notExists(images), "nothing is written");
  }

  private static String[] schedules(Path out, String... more) {
    List<String> arguments = new ArrayList<>(List.of("experiment", "schedules", "--seeds", "2"));
    arguments.addAll(List.of("--steps", "4", "--batch", "8", "--samples", "8", "--images", "60"));
    arguments.addAll(List.of("--sample-steps", "2", "--bound-timesteps", "2", "--threads", "1"));
    arguments.addAll(List.of("--held-out-images", "8", "--classifier-steps", "4"));
    arguments.addAll(List.of("--out", out.toString()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  /** A run of one process and another have the same figures but times. */
  private void assertRepeats(Path one, Path other) {
    CommandRun run =
        CommandRun.of(
            "experiment", "rerun", one.toString(), "--with", other.toString(), "--factor", "1000");
    assertEquals(0, run.code(), run.out() + run.err());
    assertTrue(
        run.out().lines().filter(line -> line.contains("| equal |")).count() > 10, run.out());
  }

  @ParameterizedTest
  @EnumSource
  void anExperimentIsThatOfOneProcess(Launcher launcher) throws Exception {
    Path one = directory.resolve("one");
    CommandRun.succeeds(schedules(one));
    Path three = directory.resolve("three");
    String printed = ProgramRun.together(0, directory, launcher.command(3), schedules(three));
    assertTrue(printed.contains("4 parts, shared by 3 processes"), printed);
    assertEquals(1, printed.split("report  ", -1).length - 1, printed);
    assertRepeats(one, three);
  }

  /** Process 0 then has the rows of all machines. */
  @Test
  void processesMayHaveDirectoriesOfTheirOwn() throws Exception {
    Path first = Files.createDirectory(directory.resolve("first"));
    Path second = Files.createDirectory(directory.resolve("second"));
    Path out = Path.of("run");
    List<String> launcher = Launcher.OPEN_MPI.command(1);
    launcher.addAll(List.of("--wdir", first.toString()));
    List<String> words = new ArrayList<>(List.of(schedules(out)));
    words.addAll(List.of(":", "-n", "1", "--wdir", second.toString()));
    words.addAll(ProgramRun.command(List.of(), schedules(out)));
    String _ = ProgramRun.together(0, directory, launcher, words.toArray(String[]::new));
    Path one = directory.resolve("one");
    CommandRun.succeeds(schedules(one));
    assertRepeats(one, first.resolve(out));
    assertTrue(Files.exists(second.resolve(out).resolve("rows")));
    assertTrue(Files.notExists(second.resolve(out).resolve("report.md")));
  }

  @Test
  void whatOneProcessCanDoIsDoneOnce() throws Exception {
    String printed = ProgramRun.together(0, directory, Launcher.OPEN_MPI.command(2), "devices");
    assertEquals(
        "one process is enough for 'devices': process 0 works alone",
        printed.lines().filter(line -> line.contains("process")).findFirst().orElseThrow());
    assertEquals(1, printed.lines().filter(line -> line.startsWith("jvm ")).count(), printed);
  }
}
