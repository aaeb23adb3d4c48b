package io.github.tornadodiffusion.kernels.ops.resample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResampleTest {
  private TestArena arena = new TestArena(2);

  @Test
  void nearestTakesTorchsPixels() {
    // torch.nn.functional.interpolate(torch.arange(20.).reshape(1, 1, 4, 5), size=(7, 9)): rows 0 0
    // 1 1 2 2 3, columns
    // 0 0 1 1 2 2 3 3 4
    Block x = arena.place(Block.of(0, 1, 4, 5, 1));
    float[] values = new float[20];
    for (int i = 0; i < 20; i++) {
      values[i] = i;
    }
    arena.fill(x, values);
    Block out = arena.place(Block.of(0, 1, 7, 9, 1));
    arena.run(Resample.nearest(x, out));
    int[] rows = {0, 0, 1, 1, 2, 2, 3};
    int[] columns = {0, 0, 1, 1, 2, 2, 3, 3, 4};
    assertArrayEquals(Naive.values(out, (n, c, i, j) -> rows[i] * 5 + columns[j]), arena.read(out));
  }

  @ParameterizedTest
  @CsvSource({
    "4,5,7,9,3",
    "4,4,8,8,64",
    "4,4,8,8,5",
    "3,5,6,10,17",
    "8,8,4,4,16",
    "7,9,3,2,33",
    "5,5,5,5,1",
    "1,1,6,7,4",
    "29,3,31,4,7"
  })
  void nearestAndItsGradient(int h, int w, int outH, int outW, int c) {
    Block x = arena.random(Block.of(0, 2, h, w, c).bordered(0, 1, 1, 0));
    Block out = arena.place(Block.of(0, 2, outH, outW, c).bordered(1, 1, 1, 2));
    Block gradOut = arena.random(out);
    Block gradX = arena.place(x.bordered(1, 0, 0, 1));
    Block sum = arena.random(x.bordered(0, 0, 0, 0));
    Naive vx = Naive.of(x, arena.read(x));
    double[] expected =
        Naive.values(out, (n, k, i, j) -> vx.at(n, k, source(i, h, outH), source(j, w, outW)));
    Naive vg = Naive.of(gradOut, arena.read(gradOut));
    double[] gradient =
        Naive.values(
            x,
            (n, k, i, j) -> {
              double total = 0;
              for (int y = 0; y < outH; y++) {
                for (int z = 0; z < outW; z++) {
                  if (source(y, h, outH) == i && source(z, w, outW) == j) {
                    total += vg.at(n, k, y, z);
                  }
                }
              }
              return total;
            });
    double[] total = add(arena.read(sum), gradient);
    arena.run(
        Resample.nearest(x, out),
        Resample.nearestBackward(gradOut, gradX, false),
        Resample.nearestBackward(gradOut, sum, true));
    assertArrayEquals(expected, arena.read(out));
    Naive.assertClose(gradient, arena.read(gradX), 1e-6);
    Naive.assertClose(total, arena.read(sum), 1e-6);
  }

  @ParameterizedTest
  @CsvSource({"4,6,3", "5,7,17", "2,2,64", "3,2,1", "8,9,33"})
  void averagePoolAndItsGradient(int h, int w, int c) {
    Block x = arena.random(Block.of(0, 2, h, w, c).bordered(1, 0, 0, 1));
    Block out = arena.place(Block.of(0, 2, h / 2, w / 2, c).bordered(1, 1, 1, 1));
    Block gradOut = arena.random(out.bordered(0, 1, 0, 0));
    Block gradX = arena.place(x.bordered(0, 1, 1, 0));
    Block sum = arena.random(x.bordered(0, 0, 0, 0));
    Naive vx = Naive.of(x, arena.read(x));
    double[] expected =
        Naive.values(
            out,
            (n, k, i, j) ->
                (vx.at(n, k, 2 * i, 2 * j)
                        + vx.at(n, k, 2 * i, 2 * j + 1)
                        + vx.at(n, k, 2 * i + 1, 2 * j)
                        + vx.at(n, k, 2 * i + 1, 2 * j + 1))
                    / 4);
    Naive vg = Naive.of(gradOut, arena.read(gradOut));
    double[] gradient =
        Naive.values(
            x, (n, k, i, j) -> i / 2 < h / 2 && j / 2 < w / 2 ? vg.at(n, k, i / 2, j / 2) / 4 : 0);
    double[] total = add(arena.read(sum), gradient);
    arena.run(
        Resample.averagePool(x, out),
        Resample.averagePoolBackward(gradOut, gradX, false),
        Resample.averagePoolBackward(gradOut, sum, true));
    Naive.assertClose(expected, arena.read(out), 1e-6);
    Naive.assertClose(gradient, arena.read(gradX), 0);
    Naive.assertClose(total, arena.read(sum), 1e-6);
  }

  /** upfirdn2d of StyleGAN2 as diffusers calls it: insert zeros, pad, filter, keep every other. */
  @ParameterizedTest
  @CsvSource({"4,6,3", "2,2,64", "2,8,1", "6,4,17", "8,10,33"})
  void filteredHalfAndDoubleAndTheirGradients(int h, int w, int c) {
    Block large = arena.random(Block.of(0, 2, h, w, c).bordered(1, 0, 0, 1));
    Block small = arena.random(Block.of(0, 2, h / 2, w / 2, c).bordered(0, 2, 1, 0));
    Block half = arena.place(small.bordered(1, 1, 1, 1));
    Block twice = arena.place(large.bordered(0, 1, 2, 0));
    Block gradLarge = arena.place(large.bordered(0, 1, 1, 0));
    Block gradSmall = arena.place(small.bordered(1, 0, 1, 0));
    Block sumLarge = arena.random(large.bordered(0, 0, 0, 0));
    Block sumSmall = arena.random(small.bordered(0, 0, 0, 0));
    Naive vl = Naive.of(large, arena.read(large));
    Naive vs = Naive.of(small, arena.read(small));
    double[] expectedHalf = Naive.values(half, (n, k, i, j) -> filtered(vl, n, k, i, j, h, w, 1));
    double[] expectedTwice =
        Naive.values(twice, (n, k, i, j) -> filtered(vs, n, k, i, j, h / 2, w / 2, 2));
    double[] gradientLarge =
        Naive.values(
            large,
            (n, k, i, j) -> {
              double total = 0;
              for (int y = 0; y < h / 2; y++) {
                for (int x = 0; x < w / 2; x++) {
                  total += weight(i, y, 1) * weight(j, x, 1) * vs.at(n, k, y, x);
                }
              }
              return total;
            });
    double[] gradientSmall =
        Naive.values(
            small,
            (n, k, i, j) -> {
              double total = 0;
              for (int y = 0; y < h; y++) {
                for (int x = 0; x < w; x++) {
                  total += weight(i, y, 2) * weight(j, x, 2) * vl.at(n, k, y, x);
                }
              }
              return total;
            });
    double[] totalLarge = add(arena.read(sumLarge), gradientLarge);
    double[] totalSmall = add(arena.read(sumSmall), gradientSmall);
    arena.run(
        Resample.filteredHalf(large, half),
        Resample.filteredDouble(small, twice),
        Resample.filteredHalfBackward(small, gradLarge, false),
        Resample.filteredHalfBackward(small, sumLarge, true),
        Resample.filteredDoubleBackward(large, gradSmall, false),
        Resample.filteredDoubleBackward(large, sumSmall, true));
    Naive.assertClose(expectedHalf, arena.read(half), 1e-6);
    Naive.assertClose(expectedTwice, arena.read(twice), 1e-6);
    Naive.assertClose(gradientLarge, arena.read(gradLarge), 1e-6);
    Naive.assertClose(gradientSmall, arena.read(gradSmall), 1e-6);
    Naive.assertClose(totalLarge, arena.read(sumLarge), 1e-6);
    Naive.assertClose(totalSmall, arena.read(sumSmall), 1e-6);
  }

  private static double filtered(Naive x, int n, int k, int i, int j, int h, int w, int up) {
    double sum = 0;
    for (int y = 0; y < h; y++) {
      for (int z = 0; z < w; z++) {
        sum += weight(y, i, up) * weight(z, j, up) * x.at(n, k, y, z);
      }
    }
    return sum;
  }

  /** What position {@code out} of the result takes of position {@code in}. */
  private static double weight(int in, int out, int up) {
    double[] taps = {1, 3, 3, 1};
    int down = 3 - up;
    int before = up == 2 ? 2 : 1; // zeros in front of the image
    int tap = in * up + before - out * down;
    return tap >= 0 && tap < 4 ? taps[tap] / 8 * up : 0;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void dilate(int stride) {
    for (int c : new int[] {3, 16, 33}) {
      arena = new TestArena(c); // an arena runs once
      Block x = arena.random(Block.of(0, 2, 4, 3, c).bordered(0, 1, 0, 0));
      Block out =
          arena.place(Block.of(0, 2, 3 * stride + 1, 2 * stride + 1, c).bordered(2, 1, 3, 2));
      Naive vx = Naive.of(x, arena.read(x));
      double[] expected =
          Naive.values(
              out,
              (n, k, i, j) ->
                  i % stride == 0 && j % stride == 0 ? vx.at(n, k, i / stride, j / stride) : 0);
      arena.run(Resample.dilate(x, stride, out));
      assertArrayEquals(expected, arena.read(out));
    }
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block x = Block.of(0, 2, 4, 4, 5);
    assertThrows(
        IllegalArgumentException.class, () -> Resample.nearest(x, Block.of(0, 2, 8, 8, 6)));
    assertThrows(IllegalArgumentException.class, () -> Resample.averagePool(x, x));
    assertThrows(IllegalArgumentException.class, () -> Resample.filteredHalf(x, x));
    Block odd = Block.of(0, 2, 5, 4, 5);
    Block small = Block.of(0, 2, 2, 2, 5);
    assertThrows(IllegalArgumentException.class, () -> Resample.filteredHalf(odd, small));
    assertThrows(IllegalArgumentException.class, () -> Resample.filteredDouble(small, odd));
    assertThrows(
        IllegalArgumentException.class, () -> Resample.dilate(x, 2, Block.of(0, 2, 8, 8, 5)));
  }

  /** Single precision on purpose: torch multiplies by a float. */
  private static int source(int i, int in, int out) {
    return Math.min((int) Math.floor(i * ((float) in / out)), in - 1);
  }

  private static double[] add(double[] a, double[] b) {
    double[] sum = a.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += b[i];
    }
    return sum;
  }
}
