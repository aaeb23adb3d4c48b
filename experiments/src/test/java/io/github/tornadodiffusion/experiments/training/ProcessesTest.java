package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.Launcher;
import io.github.tornadodiffusion.experiments.ProgramRun;
import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Training over processes that an MPI launcher starts: left out where there is none. */
class ProcessesTest {
  private static final String STATE = "training_state/checkpoint-%d/state.safetensors";

  @TempDir private Path directory;

  private static String[] train(Path out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--batch", "8", "--steps", "4", "--seed", "1", "--samples", "0"));
    arguments.addAll(List.of("--shards", "4", "--threads", "1", "--out", out.toString()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private Path alone(String... more) throws IOException, InterruptedException {
    Path out = directory.resolve("alone");
    String _ = ProgramRun.ends(0, directory, List.of(), train(out, more));
    return out;
  }

  private void assertSame(Path expected, Path actual) throws IOException {
    String model = "unet/diffusion_pytorch_model.safetensors";
    for (String file : List.of(model, STATE.formatted(4))) {
      assertArrayEquals(
          Files.readAllBytes(expected.resolve(file)),
          Files.readAllBytes(actual.resolve(file)),
          file);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anyNumberOfProcessesGivesTheSameModel(Launcher launcher) throws Exception {
    Path alone = alone();
    for (int processes : launcher == Launcher.OPEN_MPI ? new int[] {2, 4} : new int[] {2}) {
      Path out = directory.resolve("of-" + processes);
      String printed = ProgramRun.together(0, directory, launcher.command(processes), train(out));
      assertTrue(printed.contains("on %d processes, each".formatted(processes)), printed);
      JsonNode result = Json.tree(Files.readString(out.resolve("manifest.json"))).get("result");
      double sent = result.get("communication_ms_per_step").asDouble();
      double waited = result.get("communication_waiting_ms_per_step").asDouble();
      assertTrue(sent > 0 && waited > 0, result.toString());
      assertEquals(1, printed.split("trained    4 steps", -1).length - 1, printed);
      assertSame(alone, out);
    }
  }

  @ParameterizedTest
  @EnumSource
  void momentsMayBeSpread(Launcher launcher) throws Exception {
    String[] more = {
      "--class-conditional", "--variance", "learned_range", "--ema", "0.9", "--accumulate", "2"
    };
    Path alone = alone(more);
    Path out = directory.resolve("spread");
    String[] spread =
        Stream.concat(Stream.of(more), Stream.of("--shard-optimizer")).toArray(String[]::new);
    String _ = ProgramRun.together(0, directory, launcher.command(2), train(out, spread));
    assertSame(alone, out);
  }

  @Test
  void aRunGoesOnWithAnotherNumberOfProcesses() throws Exception {
    Path alone = alone();
    Path out = directory.resolve("resumed");
    String[] two = train(out);
    two[4] = "2";
    String _ = ProgramRun.together(0, directory, Launcher.OPEN_MPI.command(4), two);
    String _ =
        ProgramRun.together(
            0,
            directory,
            Launcher.OPEN_MPI.command(2),
            "train",
            "--out",
            out.toString(),
            "--steps",
            "4",
            "--resume");
    assertSame(alone, out);
  }

  @Test
  void aProcessThatIsKilledIsNamed() throws Exception {
    Path out = directory.resolve("killed");
    String[] arguments = train(out, "--checkpointing-steps", "1");
    arguments[4] = "100000";
    try (ProgramRun run =
        ProgramRun.start(directory, Launcher.OPEN_MPI.command(2), List.of(), arguments)) {
      run.await(out.resolve(STATE.formatted(3)));
      long killed = System.nanoTime();
      long second = Launcher.pid(run, 1);
      new ProcessBuilder("kill", "-KILL", Long.toString(second)).start().waitFor();
      String printed = run.endsWithFailure();
      assertTrue(System.nanoTime() - killed < 10_000_000_000L, "slow to end");
      assertTrue(printed.contains("error: process 1 of 2 (pid %d on ".formatted(second)), printed);
      assertTrue(printed.contains("is whole: "), printed);
      assertTrue(printed.contains(" --resume goes on"), printed);
    }
  }

  @Test
  void aProcessThatDoesNotAnswerIsNamed() throws Exception {
    Path out = directory.resolve("stalled");
    String[] arguments = train(out, "--checkpointing-steps", "1", "--stall-limit", "2");
    arguments[4] = "100000";
    try (ProgramRun run =
        ProgramRun.start(directory, Launcher.OPEN_MPI.command(2), List.of(), arguments)) {
      run.await(out.resolve(STATE.formatted(3)));
      long second = Launcher.pid(run, 1);
      new ProcessBuilder("kill", "-STOP", Long.toString(second)).start().waitFor();
      String printed = run.endsWithFailure();
      assertTrue(printed.contains(" has not answered for "), printed);
      assertTrue(printed.contains(" --resume goes on"), printed);
    }
  }

  @Test
  void aSignalToTheLauncherSavesACheckpoint() throws Exception {
    Path out = directory.resolve("stopped");
    String[] arguments = train(out);
    arguments[4] = "100000";
    try (ProgramRun run =
        ProgramRun.start(directory, Launcher.patient(2, 15), List.of(), arguments)) {
      run.awaitPrinted("\ntrain ");
      run.signal("TERM");
      String printed = run.endsWithFailure();
      assertTrue(printed.contains("stopped after step "), printed);
      try (Stream<Path> checkpoints = Files.list(out.resolve("training_state"))) {
        assertEquals(
            1, checkpoints.filter(file -> file.toString().contains("checkpoint-")).count());
      }
    }
  }

  @Test
  void processesThatDoOtherThingsAreRefused() throws Exception {
    List<String> mixed = Launcher.OPEN_MPI.command(1);
    Path out = directory.resolve("mixed");
    List<String> other = new ArrayList<>(List.of(":", "-n", "1"));
    other.addAll(ProgramRun.command(List.of(), train(out, "--lr", "0.5")));
    String[] both = Stream.concat(Stream.of(train(out)), other.stream()).toArray(String[]::new);
    String printed = ProgramRun.together(2, directory, mixed, both);
    assertTrue(
        printed.contains("error: process 1 of 2 (pid ")
            && printed.contains("has lr 0.5 and process 0 0.001; "),
        printed);
    assertFalse(Files.exists(out), "nothing is written");
  }

  @Test
  void whatAllHaveWrongIsOneLine() throws Exception {
    String printed =
        ProgramRun.together(
            2,
            directory,
            Launcher.OPEN_MPI.command(2),
            train(directory.resolve("none"), "--data", "/none"));
    assertEquals(1, printed.lines().filter(line -> line.startsWith("error: ")).count(), printed);
  }
}
