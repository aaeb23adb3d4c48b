package io.github.tornadodiffusion.kernels.ops.dropout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.noise.Philox;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutTest {
  private static final long SEED = 0xFEDC_BA98_7654_3210L;
  private static final int STREAM = 1_048_577;
  private static final int STEP = 3_000_001;

  private final TestArena arena = new TestArena(7);

  static List<Block> borderedShapes() {
    return Naive.borderedShapes();
  }

  /** Whether element [n][h][w][c] of a whole stays, by Philox's words themselves. */
  private static boolean stays(Block b, long image, int c, int y, int x, double probability) {
    long index = ((image * b.h() + y) * b.w() + x) * b.c() + c;
    int[] words = {(int) (index >> 2), (int) (index >> 34), STEP, STREAM};
    Philox.scramble(words, (int) SEED, (int) (SEED >> 32));
    return (words[(int) (index & 3)] >>> 8) * 0x1p-24 >= probability;
  }

  private static double[] oracle(Block b, Naive x, int firstImage, double probability) {
    float scale = 1f / (float) (1 - probability);
    return Naive.values(
        b,
        (n, c, i, j) ->
            (stays(b, (long) firstImage + n, c, i, j, probability) ? scale : 0f)
                * (float) x.at(n, c, i, j));
  }

  private int seed(int firstImage) {
    return arena.put(Noise.seedBlock(SEED, STREAM, STEP, firstImage));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void dropsByCounter(Block shape) {
    Block x = arena.random(shape.bordered(1, 0, 1, 2));
    Naive values = Naive.of(x, arena.read(x));
    int scale = arena.put(Dropout.scale(0.3));
    for (int firstImage : new int[] {0, 3, 70_000}) {
      Block out = arena.place(shape);
      arena.run(Dropout.drop(x, seed(firstImage), 0.3, scale, out, false));
      assertArrayEquals(oracle(out, values, firstImage, 0.3), arena.read(out));
    }
  }

  @Test
  void addsToWhatIsThere() {
    Block x = arena.random(Block.of(0, 2, 5, 7, 19));
    Block out = arena.random(x);
    Naive before = Naive.of(out, arena.read(out));
    double[] dropped = oracle(out, Naive.of(x, arena.read(x)), 1, 0.5);
    Naive added = Naive.of(out, dropped);
    int scale = arena.put(Dropout.scale(0.5));
    arena.run(Dropout.drop(x, seed(1), 0.5, scale, out, true));
    Naive.assertClose(
        Naive.values(out, (n, c, i, j) -> before.at(n, c, i, j) + added.at(n, c, i, j)),
        arena.read(out),
        1e-6);
  }

  /** Images 2 and 3 of four, alone. */
  @ParameterizedTest
  @ValueSource(ints = {3, 4, 16})
  void aPartDropsAsTheWhole(int channels) {
    Block whole = arena.random(Block.of(0, 4, 5, 7, channels));
    double[] all = arena.read(whole);
    Block part = arena.place(Block.of(0, 2, 5, 7, channels));
    int half = all.length / 2;
    float[] second = new float[half];
    for (int i = 0; i < half; i++) {
      second[i] = (float) all[half + i];
    }
    arena.fill(part, second);
    Block outOfWhole = arena.place(whole);
    Block outOfPart = arena.place(part);
    int scale = arena.put(Dropout.scale(0.1));
    arena.run(
        Dropout.drop(whole, seed(0), 0.1, scale, outOfWhole, false),
        Dropout.drop(part, seed(2), 0.1, scale, outOfPart, false));
    assertArrayEquals(
        Arrays.copyOfRange(arena.read(outOfWhole), half, 2 * half), arena.read(outOfPart));
  }

  /** A hundred thousand elements: five standard deviations are 0.7 %. */
  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.5, 0.9})
  void dropsAsOftenAsItSays(double probability) {
    Block x = arena.place(Block.of(0, 1, 100, 100, 10));
    float[] ones = new float[100_000];
    Arrays.fill(ones, 1);
    arena.fill(x, ones);
    Block out = arena.place(x);
    int scale = arena.put(Dropout.scale(probability));
    arena.run(Dropout.drop(x, seed(0), probability, scale, out, false));
    long dropped = Arrays.stream(arena.read(out)).filter(value -> value == 0).count();
    assertEquals(probability, dropped / 100_000.0, 0.008);
  }

  @Test
  void probabilitiesOfOneAndMoreAreRefused() {
    Block x = Block.of(16, 1, 2, 2, 3);
    for (double probability : new double[] {1, -0.1, Double.NaN}) {
      assertThrows(
          IllegalArgumentException.class, () -> Dropout.drop(x, 0, probability, 0, x, false));
    }
  }
}
