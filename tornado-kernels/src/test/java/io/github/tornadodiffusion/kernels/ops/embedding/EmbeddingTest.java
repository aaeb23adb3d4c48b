package io.github.tornadodiffusion.kernels.ops.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Golden;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmbeddingTest {
  private static final float[] TIMESTEPS = {0, 1, 10, 500, 999};
  private static final Golden GOLDEN = new Golden("time_proj.safetensors");

  private final TestArena arena = new TestArena(5);

  /** The angles are equal to the last bit: sines and cosines differ by their own rounding. */
  @ParameterizedTest
  @CsvSource({
    "32,0,0", "32,0,1", "32,1,0", "32,1,1", "64,0,0", "64,0,1", "64,1,0", "64,1,1", "7,0,0",
    "7,0,1", "7,1,0", "7,1,1"
  })
  void sinusoidAgreesWithDiffusers(int dim, int flip, int shift) {
    int timesteps = arena.put(TIMESTEPS);
    int frequencies = arena.put(Embedding.frequencies(dim, shift));
    Block out = arena.place(Block.of(0, 5, 1, 1, dim));
    int one = arena.put(1);
    arena.run(Embedding.sinusoid(timesteps, frequencies, one, flip == 1, out));
    float[] expected = GOLDEN.tensor("dim%d_flip%d_shift%d".formatted(dim, flip, shift));
    double[] actual = arena.read(out);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], 1.2e-7, "element " + i);
    }
  }

  /** The angle is rounded after each multiplication, as PyTorch does. */
  @Test
  void sinusoidOfScaledFrequencies() {
    float[] logarithms = {-3.25f, 0, 1.7f, 6.9077554f};
    float[] frequencies = {-31.5f, 0.1f, 17.77f};
    float factor = (float) (2 * Math.PI);
    int timesteps = arena.put(logarithms);
    int frequenciesAt = arena.put(frequencies);
    int factorAt = arena.put(factor);
    Block out = arena.place(Block.of(0, logarithms.length, 1, 1, 2 * frequencies.length));
    arena.run(Embedding.sinusoid(timesteps, frequenciesAt, factorAt, false, out));
    Naive expected =
        (n, channel, y, x) -> {
          float angle = logarithms[n] * frequencies[channel % 3] * factor;
          return channel < 3 ? Math.sin(angle) : Math.cos(angle);
        };
    Naive.assertClose(Naive.values(out, expected), arena.read(out), 2e-7);
  }

  @Test
  void tooFewChannelsForTheShiftAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Embedding.frequencies(2, 1));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 5, 7, 16, 17, 33, 64})
  void lookupAndItsGradient(int c) {
    float[] labels = {3, 0, 3, 1, 3};
    int classes = 5;
    Block table = arena.random(Block.of(0, classes, 1, 1, c));
    int labelsAt = arena.put(labels);
    Block out = arena.place(Block.of(0, labels.length, 1, 1, c));
    Block gradOut = arena.random(out);
    Block gradTable = arena.place(table);
    Block sum = arena.random(table);
    Naive vt = Naive.of(table, arena.read(table));
    Naive vg = Naive.of(gradOut, arena.read(gradOut));
    Naive vs = Naive.of(sum, arena.read(sum));
    Naive gradient =
        (k, channel, y, x) -> {
          double total = 0;
          for (int i = 0; i < labels.length; i++) {
            total += labels[i] == k ? vg.at(i, channel, 0, 0) : 0;
          }
          return total;
        };
    List<Call> calls = new ArrayList<>();
    calls.add(Embedding.lookup(table.offset(), labelsAt, out));
    calls.addAll(Embedding.lookupBackward(gradOut, labelsAt, classes, gradTable.offset(), false));
    calls.addAll(Embedding.lookupBackward(gradOut, labelsAt, classes, sum.offset(), true));
    arena.run(calls);
    assertArrayEquals(
        Naive.values(out, (n, k, y, x) -> vt.at((int) labels[n], k, 0, 0)), arena.read(out));
    Naive.assertClose(Naive.values(table, gradient), arena.read(gradTable), 1e-6);
    Naive.assertClose(
        Naive.values(table, (n, k, y, x) -> vs.at(n, k, y, x) + gradient.at(n, k, y, x)),
        arena.read(sum),
        1e-6);
  }

  /** The first greatest token, or the first that is equal to the end, or else the first of all. */
  @ParameterizedTest
  @CsvSource({"-1, 2, 6, 13", "9, 0, 5, 10", "3, 3, 5, 10", "31, 0, 6, 10", "6, 0, 5, 13"})
  void endsOfSequences(int end, float first, float second, float third) {
    int ids = arena.put(9, 9, 12, 3, 2, 9, 31, 30, 31, 0, 0, 1, 5, 6, 5);
    int out = arena.reserve(3);
    arena.run(Embedding.ends(ids, 3, 5, end, out));
    assertArrayEquals(new float[] {first, second, third}, arena.read(out, 3));
  }
}
