package io.github.tornadodiffusion.kernels.ops.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseTest {
  private static final long SEED = 0xFEDC_BA98_7654_3210L;

  private final TestArena arena = new TestArena(7);

  static List<Block> borderedShapes() {
    return Naive.borderedShapes();
  }

  /** The host's values in logical [n][h][w][c] order, as the block's oracle. */
  private static double[] oracle(Block b, long seed, int stream, int step) {
    float[] host = new float[b.pixels() * b.c()];
    Philox.gaussian(seed, stream, step, 0, host);
    return Naive.values(b, (n, c, y, x) -> host[((n * b.h() + y) * b.w() + x) * b.c() + c]);
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void gaussianIsTheHostsToTheLastBit(Block shape) {
    Block out = arena.place(shape);
    int seed = arena.put(Noise.seedBlock(SEED, 65_537, 3_000_001));
    arena.run(Noise.gaussian(seed, out));
    assertArrayEquals(oracle(shape, SEED, 65_537, 3_000_001), arena.read(out));
  }

  /** As the host fills an array of images, wherever that is in a larger whole. */
  @ParameterizedTest
  @MethodSource("borderedShapes")
  void byChannelItIsTheHostsArray(Block shape) {
    long[] firsts = {0, 5L * shape.pixels() * shape.c(), (1L << 32) - 7, 3_000_000_000_001L};
    for (long first : firsts) {
      Block out = arena.place(shape);
      float[] host = new float[shape.pixels() * shape.c()];
      Philox.gaussian(SEED, 3, 70_000, first, host);
      int seed = arena.put(Noise.seedBlock(SEED, 3, 70_000, first));
      arena.run(Noise.gaussianByChannel(seed, out));
      Naive expected =
          Naive.of(shape, IntStream.range(0, host.length).mapToDouble(i -> host[i]).toArray());
      assertArrayEquals(Naive.values(out, expected), arena.read(out), "from " + first);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE, 0xFFFF_0000L, 0x8000_0000L})
  void everySeedSurvivesTheSeedBlock(long seed) {
    Block out = arena.place(Block.of(0, 1, 2, 3, 5));
    int at = arena.put(Noise.seedBlock(seed, 0, -1));
    arena.run(Noise.gaussian(at, out));
    assertArrayEquals(oracle(out, seed, 0, -1), arena.read(out));
  }

  @Test
  void moreImagesDoNotChangeTheFirst() {
    Block one = arena.place(Block.of(0, 1, 5, 7, 3));
    Block four = arena.place(Block.of(0, 4, 5, 7, 3));
    int seed = arena.put(Noise.seedBlock(SEED, 1, 2));
    arena.run(Noise.gaussian(seed, one), Noise.gaussian(seed, four));
    assertArrayEquals(arena.read(one), Arrays.copyOf(arena.read(four), one.pixels() * one.c()));
  }

  /** Images 2 and 3 of four, alone: the value of an element is that of its index in the whole. */
  @ParameterizedTest
  @ValueSource(ints = {3, 4, 16})
  void aPartHasTheNoiseOfTheWhole(int channels) {
    Block part = arena.place(Block.of(0, 2, 5, 7, channels));
    Block whole = arena.place(Block.of(0, 4, 5, 7, channels));
    int values = part.pixels() * channels;
    int ofPart = arena.put(Noise.seedBlock(SEED, 1, 2, values));
    int ofWhole = arena.put(Noise.seedBlock(SEED, 1, 2));
    arena.run(Noise.gaussian(ofPart, part), Noise.gaussian(ofWhole, whole));
    double[] all = arena.read(whole);
    assertArrayEquals(Arrays.copyOfRange(all, values, 2 * values), arena.read(part));
    float[] far = new float[values];
    int offset = 70_003 * 16;
    Philox.gaussian(SEED, 1, 2, offset, far);
    Block out = arena.place(part);
    arena.run(Noise.gaussian(arena.put(Noise.seedBlock(SEED, 1, 2, offset)), out));
    assertArrayEquals(
        Naive.values(out, (n, c, y, x) -> far[((n * 5 + y) * 7 + x) * channels + c]),
        arena.read(out));
    assertThrows(IllegalArgumentException.class, () -> Noise.seedBlock(SEED, 1, 2, -1));
  }

  /** Of either order: the rare radii and angles of the Box-Muller transform are among so many. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aMillionValuesAreTheHostsToTheLastBit(boolean byChannel) {
    Block out = arena.place(Block.of(0, 1, 512, 512, 4));
    int seed = arena.put(Noise.seedBlock(SEED, 11, 12));
    arena.run(byChannel ? Noise.gaussianByChannel(seed, out) : Noise.gaussian(seed, out));
    float[] host = new float[1 << 20];
    Philox.gaussian(SEED, 11, 12, 0, host);
    double[] expected =
        Naive.values(
            out, (n, c, y, x) -> host[byChannel ? (c * 512 + y) * 512 + x : (y * 512 + x) * 4 + c]);
    assertArrayEquals(expected, arena.read(out));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void mix(Block shape) {
    Block x = arena.random(shape.bordered(0, 0, 0, 0));
    Block y = arena.random(shape.bordered(1, 0, 1, 2));
    Block out = arena.place(shape);
    float[] a = arena.randoms(shape.n());
    float[] b = arena.randoms(shape.n());
    int atA = arena.put(a);
    int atB = arena.put(b);
    Naive vx = Naive.of(x, arena.read(x));
    Naive vy = Naive.of(y, arena.read(y));
    double[] expected =
        Naive.values(out, (n, c, i, j) -> a[n] * vx.at(n, c, i, j) + b[n] * vy.at(n, c, i, j));
    arena.run(Noise.mix(x, y, atA, atB, out));
    Naive.assertClose(expected, arena.read(out), 1e-6);
  }

  @Test
  void streamsThatAFloatCannotHoldAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Noise.seedBlock(0, -1, 0));
    assertThrows(IllegalArgumentException.class, () -> Noise.seedBlock(0, (1 << 24) + 1, 0));
  }
}
