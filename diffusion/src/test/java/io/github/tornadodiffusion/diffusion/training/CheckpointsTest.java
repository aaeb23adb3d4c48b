package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.Checkpoints.Checkpoint;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {
  @TempDir private Path run;
  private Checkpoints checkpoints;

  @BeforeEach
  void makeDirectory() throws IOException {
    checkpoints = Checkpoints.of(run);
    checkpoints.makeDirectory();
  }

  private static TrainingState state(int step) {
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("weight", new HostTensor(new int[] {2}, new float[] {step, -step}));
    LossCurve curve = new LossCurve();
    for (int i = 1; i <= step; i++) {
      curve.add(new LossCurve.Row(i, 1, 1.0 / i, List.of(1.0, 2.0, 3.0, 4.0), 1, 1e-3, 10));
    }
    return new TrainingState(step, "{}", tensors, tensors, tensors, null, curve);
  }

  private List<Integer> steps() throws IOException {
    return checkpoints.all().stream().map(Checkpoint::step).toList();
  }

  @Test
  void theNewestAreKept() throws IOException {
    for (int step : new int[] {1, 2, 9, 10, 11}) {
      assertEquals(step, checkpoints.write(state(step), 3).step());
    }
    assertEquals(List.of(11, 10, 9), steps());
    Checkpoint newest = checkpoints.newest().checkpoint();
    assertEquals(11, newest.step());
    TrainingState read = TrainingState.read(newest.path());
    assertEquals(state(11).parameters(), read.parameters());
    assertEquals(state(11).curve().rows(), read.curve().rows());
    checkpoints.write(state(12), 1);
    assertEquals(List.of(12), steps());
  }

  @Test
  void aRunThatWentBackReplacesWhatCameAfter() throws IOException {
    for (int step : new int[] {10, 20, 30}) {
      checkpoints.write(state(step), 3);
    }
    checkpoints.write(state(15), 1);
    assertEquals(List.of(15), steps());
  }

  @ParameterizedTest
  @ValueSource(strings = {"state.safetensors", "loss.csv", "SHA256SUMS"})
  void anyChangedByteIsSeenAndTheOneBeforeTaken(String name) throws IOException {
    checkpoints.write(state(1), 2);
    Path file = checkpoints.write(state(2), 2).path().resolve(name);
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < whole.length; i++) {
      byte[] changed = whole.clone();
      changed[i] ^= 1;
      Files.write(file, changed);
      assertDamaged(file, 1);
    }
    for (int length : new int[] {0, 1, whole.length / 2, whole.length - 2}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertDamaged(file, 1);
    }
    Files.delete(file);
    assertDamaged(file, 1);
    Files.write(file, whole);
    assertEquals(2, checkpoints.newest().checkpoint().step());
  }

  private void assertDamaged(Path file, int before) throws IOException {
    Checkpoints.Newest newest = checkpoints.newest();
    assertEquals(before, newest.checkpoint().step());
    assertEquals(1, newest.damaged().size());
    String message = newest.damaged().getFirst();
    assertTrue(message.startsWith(file.getParent().toString()), message);
    assertTrue(message.contains(" is damaged") || message.endsWith(" is missing"), message);
  }

  @Test
  void withoutAWholeOneThereIsOneLine() throws IOException {
    String none = assertThrows(IOException.class, checkpoints::newest).getMessage();
    assertEquals(
        checkpoints.directory()
            + " holds no checkpoint to resume from: start the run without --resume",
        none);
    for (int step : new int[] {1, 2}) {
      Path path = checkpoints.write(state(step), 2).path();
      Files.writeString(path.resolve("loss.csv"), "gone");
    }
    String damaged = assertThrows(IOException.class, checkpoints::newest).getMessage();
    assertTrue(damaged.contains("checkpoint-2"), damaged);
    assertTrue(damaged.contains("checkpoint-1"), damaged);
    assertTrue(damaged.endsWith("start the run anew in another directory"), damaged);
    assertEquals(1, damaged.lines().count());
  }

  /** The directory of a disk that is no longer mounted is not made anew on another disk. */
  @Test
  void aDirectoryThatHasGoneIsNotMade() throws IOException {
    Files.delete(checkpoints.directory());
    String message =
        assertThrows(IOException.class, () -> checkpoints.write(state(1), 1)).getMessage();
    assertEquals(
        "Cannot write %s: its directory has gone; make room or choose another place"
            .formatted(checkpoints.directory().resolve("checkpoint-1")),
        message);
    assertFalse(Files.exists(checkpoints.directory()));
  }

  /** What no checksum protects is whatever else lies there. */
  @Test
  void otherFilesAreLeftAlone() throws IOException {
    Path other = checkpoints.directory().resolve("checkpoint-7.txt");
    Files.write(other, new byte[] {1});
    checkpoints.write(state(9), 1);
    checkpoints.write(state(10), 1);
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(other));
    assertEquals(List.of(10), steps());
  }
}
