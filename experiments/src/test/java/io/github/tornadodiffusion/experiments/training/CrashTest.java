package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.experiments.OnDevice;
import io.github.tornadodiffusion.experiments.ProgramRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Trainings in processes of their own that are killed, stopped and starved of disk. Every run saves
 * a checkpoint after every step, so that many of the kills meet one that is being written.
 */
@DisabledOnOs(OS.WINDOWS)
class CrashTest {
  private static final int STEPS = 20;

  /** How often a run is killed in one test. */
  private static final int KILLS = 3;

  @TempDir static Path directory;

  private static Path whole;

  /**
   * The command line of a run.
   *
   * @param more options that come on top, or instead
   */
  private static String[] train(Path out, String device, String... more) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("--out", out.toString());
    options.put("--device", device);
    options.put("--steps", Integer.toString(STEPS));
    options.put("--batch", "1");
    options.put("--seed", "3");
    options.put("--samples", "1");
    options.put("--sample-steps", "1");
    options.put("--checkpointing-steps", "1");
    List<String> arguments = new ArrayList<>(List.of("train"));
    for (int i = 0; i < more.length; i++) {
      if (options.containsKey(more[i])) {
        options.put(more[i], more[++i]);
      } else {
        arguments.add(more[i]);
      }
    }
    options.forEach((name, value) -> arguments.addAll(List.of(name, value)));
    return arguments.toArray(String[]::new);
  }

  @BeforeAll
  static void trainUndisturbed() throws Exception {
    whole = directory.resolve("whole");
    ProgramRun.ends(0, directory, List.of(), train(whole, "jvm"));
  }

  private static void assertSameModel(Path expected, Path actual) throws IOException {
    for (String file :
        List.of(
            "unet/diffusion_pytorch_model.safetensors",
            "training_state/checkpoint-%d/state.safetensors".formatted(STEPS),
            "samples.png")) {
      assertEquals(-1, Files.mismatch(expected.resolve(file), actual.resolve(file)), file);
    }
  }

  private static List<String> files(Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      return files.map(file -> run.relativize(file).toString()).sorted().toList();
    }
  }

  /** Kills at moments from before the first step to the last files, then lets the run end. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void killedAtAnyMomentItEndsWithTheSameModel(int seed) throws Exception {
    Path out = directory.resolve("killed-" + seed);
    int kills = killAndResume(out, "jvm", new Random(seed), 2500);
    assertTrue(kills > 0, "it was never killed");
    assertSameModel(whole, out);
    assertEquals(files(whole), files(out));
  }

  /** Returns how many kills met a run at work; afterwards the run is complete. */
  private static int killAndResume(Path out, String device, Random random, int mostMillis)
      throws Exception {
    int kills = 0;
    for (int i = 0; i < KILLS; i++) {
      boolean begun = Files.exists(out.resolve("manifest.json"));
      String[] train = begun ? train(out, device, "--resume") : train(out, device);
      try (ProgramRun run = ProgramRun.start(directory, List.of(), train)) {
        // The moment counts from the first checkpoint of the process, which is what is at risk.
        int before = lastStep(out);
        while (run.isAlive() && lastStep(out) <= before && lastStep(out) < STEPS) {
          Thread.sleep(1);
        }
        Thread.sleep(random.nextInt(mostMillis / KILLS));
        kills += run.kill() ? 1 : 0;
      }
    }
    ProgramRun.ends(0, directory, List.of(), train(out, device, "--resume"));
    return kills;
  }

  private static int lastStep(Path out) throws IOException {
    List<Checkpoints.Checkpoint> all = Checkpoints.of(out).all();
    return all.isEmpty() ? -1 : all.getFirst().step();
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void aSignalSavesAndSaysHowToGoOn(String signal, int code) throws Exception {
    Path out = directory.resolve("signal-" + signal);
    try (ProgramRun run =
        ProgramRun.start(
            directory, List.of(), train(out, "jvm", "--checkpointing-steps", "1000000"))) {
      // Written when the steps begin; the first ones, not compiled yet, take long enough.
      run.await(out.resolve("manifest.json"));
      run.signal(signal);
      String printed = run.end(code);
      assertTrue(printed.contains("train --out " + out + " --resume goes on"), printed);
    }
    assertTrue(Files.readString(out.resolve("manifest.json")).contains("\"interrupted\""));
    Checkpoints.of(out).newest();
    ProgramRun.ends(0, directory, List.of(), train(out, "jvm", "--resume"));
    assertSameModel(whole, out);
  }

  /** A limit on the size of files stops writing where a full disk would, without being root. */
  @Test
  void aDiskThatTakesNoMoreLeavesTheLastCheckpoint() throws Exception {
    Path out = directory.resolve("full");
    ProgramRun.ends(0, directory, List.of(), train(out, "jvm", "--steps", "2"));
    long size =
        Files.size(Checkpoints.of(out).newest().checkpoint().path().resolve("state.safetensors"));
    String printed = ProgramRun.limited(1, directory, size / 2, train(out, "jvm", "--resume"));
    List<String> errors = printed.lines().filter(line -> line.startsWith("error: ")).toList();
    assertEquals(1, errors.size(), printed);
    String error = errors.getFirst();
    Checkpoints.Newest newest = Checkpoints.of(out).newest();
    assertEquals(2, newest.checkpoint().step());
    assertTrue(error.startsWith("error: Cannot write "), error);
    assertTrue(error.contains("checkpoint-3: "), error);
    assertTrue(
        error.contains("the last checkpoint, " + newest.checkpoint().path() + ", is whole"), error);
    assertFalse(printed.contains("\tat "), printed);
    ProgramRun.ends(0, directory, List.of(), train(out, "jvm", "--resume"));
    assertSameModel(whole, out);
  }

  /** Linux's /proc lets nobody make a file, not even root. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aDirectoryThatMayNotBeWrittenIsRefused() throws Exception {
    String printed = ProgramRun.ends(2, directory, List.of(), train(Path.of("/proc/run"), "jvm"));
    String error = printed.lines().filter(line -> line.startsWith("error: ")).findFirst().get();
    assertTrue(error.contains("cannot make the directory /proc/run"), error);
    assertFalse(printed.contains("\tat "), printed);
  }

  @Test
  void aTimeLimitEndsItInOrder() throws Exception {
    Path out = directory.resolve("limited");
    String printed =
        ProgramRun.ends(
            0, directory, List.of(), train(out, "jvm", "--max-time", "0:12", "--steps", "1000000"));
    assertTrue(printed.contains("--resume goes on"), printed);
    assertTrue(Files.readString(out.resolve("manifest.json")).contains("\"interrupted\""));
    Checkpoints.of(out).newest();
  }

  @Test
  @OnDevice
  void killedOnADeviceItEndsWithTheSameModel() throws Exception {
    String device = OnDevice.ID;
    Path undisturbed = directory.resolve("device");
    ProgramRun.ends(0, directory, List.of(), train(undisturbed, device));
    Path out = directory.resolve("device-killed");
    int kills = killAndResume(out, device, new Random(1), 4000);
    assertTrue(kills > 0, "it was never killed");
    assertSameModel(undisturbed, out);
  }
}
