package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Images;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Places;

/** Oracles of {@code Winograd}, with matrices that are computed from the points. */
final class WinogradOracles {
  private static final int LANES = 16;
  private static final double[] POINTS = {0, 0.75, -0.75, 1.5, -1.5};

  /** Rows of powers: of a point, or for infinity of the highest one. */
  private static final double[][] A = powers(4);

  private static final double[][] G = scaled(powers(3));
  private static final double[][] BT = polynomials();

  private WinogradOracles() {}

  private static double[][] powers(int count) {
    double[][] matrix = new double[POINTS.length + 1][count];
    for (int r = 0; r < POINTS.length; r++) {
      for (int i = 0; i < count; i++) {
        matrix[r][i] = Math.pow(POINTS[r], i);
      }
    }
    matrix[POINTS.length][count - 1] = 1;
    return matrix;
  }

  /** Each row divided by the product of its point's distances to all others. */
  private static double[][] scaled(double[][] matrix) {
    for (int r = 0; r < POINTS.length; r++) {
      double product = 1;
      for (int s = 0; s < POINTS.length; s++) {
        product *= s == r ? 1 : POINTS[r] - POINTS[s];
      }
      for (int i = 0; i < matrix[r].length; i++) {
        matrix[r][i] /= product;
      }
    }
    return matrix;
  }

  /** Coefficients of the products of (x - point) over all other points; for infinity over all. */
  private static double[][] polynomials() {
    double[][] matrix = new double[POINTS.length + 1][];
    for (int r = 0; r <= POINTS.length; r++) {
      double[] polynomial = new double[POINTS.length + 1];
      polynomial[0] = 1;
      for (int s = 0; s < POINTS.length; s++) {
        if (s != r) {
          for (int i = POINTS.length; i >= 0; i--) {
            polynomial[i] = (i == 0 ? 0 : polynomial[i - 1]) - POINTS[s] * polynomial[i];
          }
        }
      }
      matrix[r] = polynomial;
    }
    return matrix;
  }

  private static String shape(int[] d) {
    return "%d patches, 3x3 %d -> %d".formatted(d[Places.PATCHES], d[Places.CIN], d[Places.COUT]);
  }

  private static int row(int[] d, int patch) {
    return (d[Places.FIRST] + patch) / d[Places.ACROSS] % d[Places.DOWN] * 4;
  }

  private static int column(int[] d, int patch) {
    return (d[Places.FIRST] + patch) % d[Places.ACROSS] * 4;
  }

  private static int image(int[] d, int patch) {
    return (d[Places.FIRST] + patch) / d[Places.ACROSS] / d[Places.DOWN];
  }

  /** Plane q of a patch of images, transformed by a matrix. */
  private static double transformed(
      int[] d, double[][] matrix, int patch, int q, int channel, Arena before) {
    double sum = 0;
    double[] down = matrix[q / 6];
    double[] across = matrix[q % 6];
    for (int y = 0; y < down.length; y++) {
      for (int x = 0; x < across.length; x++) {
        int atY = row(d, patch) + y;
        int atX = column(d, patch) + x;
        if (atY < d[Images.IN_H] && atX < d[Images.IN_W]) {
          int at =
              d[Images.IN]
                  + image(d, patch) * d[Images.IMAGE]
                  + atY * d[Images.ROW]
                  + atX * d[Images.CHANNELS]
                  + channel;
          sum += down[y] * across[x] * before.at(at);
        }
      }
    }
    return sum;
  }

  /** V = bt x b. */
  static Expectation input(Call call) {
    int[] d = call.descriptor();
    return planes(d, BT, d[Places.INPUTS], d[Places.INPUT_PLANE]);
  }

  /** Y = a dy at. */
  static Expectation gradient(Call call) {
    int[] d = call.descriptor();
    return planes(d, A, d[Places.OTHERS], d[Places.OTHER_PLANE]);
  }

  private static Expectation planes(int[] d, double[][] matrix, int planes, int plane) {
    int channels = d[Images.CHANNELS];
    int size = d[Places.PATCHES] * channels;
    return new Expectation(
        shape(d),
        new Region(
            36 * size,
            i ->
                planes
                    + i / size * plane
                    + i % size / channels * d[Images.PATCH]
                    + i % channels / LANES * d[Images.PANEL]
                    + i % LANES,
            (i, before, sum) ->
                sum.add(
                    transformed(d, matrix, i % size / channels, i / size, i % channels, before))));
  }

  /** U = g w gt of an input and an output channel. */
  private static double weight(int[] d, int q, int c, int o, Arena before) {
    double sum = 0;
    for (int tap = 0; tap < 9; tap++) {
      int at =
          d[Places.FLAG] == 0
              ? ((o / LANES * 9 + tap) * d[Places.CIN] + c) * LANES + o % LANES
              : ((c / LANES * 9 + 8 - tap) * d[Places.COUT] + o) * LANES + c % LANES;
      sum += G[q / 6][tap / 3] * G[q % 6][tap % 3] * before.at(d[Places.WEIGHTS] + at);
    }
    return sum;
  }

  static Expectation weights(Call call) {
    int[] d = call.descriptor();
    int cin = d[Places.CIN];
    int size = cin * d[Places.COUT];
    return new Expectation(
        shape(d),
        new Region(
            36 * size,
            i -> d[Places.OTHERS] + i / size * d[Places.OTHER_PLANE] + i % size,
            (i, before, sum) -> {
              int c = i / LANES % cin;
              int o = i % size / LANES / cin * LANES + i % LANES;
              sum.add(weight(d, i / size, c, o, before));
            }));
  }

  /** The convolution, from images and transformed weights. */
  static Expectation forward(Call call) {
    int[] d = call.descriptor();
    int cin = d[Places.CIN];
    return convolution(
        d,
        (patch, q, c, before) -> transformed(d, BT, patch, q, c, before),
        (o, q, c, before) ->
            before.at(
                d[Places.OTHERS]
                    + q * d[Places.OTHER_PLANE]
                    + (o / LANES * cin + c) * LANES
                    + o % LANES));
  }

  /** The convolution, from transformed images and weights. */
  static Expectation forwardOfFew(Call call) {
    int[] d = call.descriptor();
    return convolution(
        d,
        (patch, q, c, before) ->
            before.at(d[Places.INPUTS] + q * d[Places.INPUT_PLANE] + patch * d[Places.CIN] + c),
        (o, q, c, before) -> weight(d, q, c, o, before));
  }

  /** A factor of plane q and input channel c, of a patch or of an output channel. */
  private interface Factor {
    double of(int which, int q, int c, Arena before);
  }

  /** out = at M a, and what a convolution adds. */
  private static Expectation convolution(int[] d, Factor input, Factor weight) {
    int channels = d[Places.COUT];
    int h = d[Images.OUT_H];
    int w = d[Images.OUT_W];
    return new Expectation(
        shape(d),
        Region.at(
            d[Images.OUT],
            d[Places.PATCHES] / (d[Places.ACROSS] * d[Places.DOWN]) * h * w * channels,
            (i, before, sum) -> {
              int pixel = i / channels;
              int o = i % channels;
              int x = pixel % w;
              int y = pixel / w % h;
              int image = pixel / w / h;
              int patch = (image * d[Places.DOWN] + y / 4) * d[Places.ACROSS] + x / 4;
              for (int q = 0; q < 36; q++) {
                double factor = A[q / 6][y % 4] * A[q % 6][x % 4];
                for (int c = 0; factor != 0 && c < d[Places.CIN]; c++) {
                  double product = input.of(patch, q, c, before) * weight.of(o, q, c, before);
                  sum.add(factor * product);
                }
              }
              int start =
                  d[Images.START] + pixel * d[Images.START_PIXEL] + o * d[Images.START_CHANNEL];
              sum.add(d[Images.START_CHANNEL] == 0 ? 0 : before.at(start));
              int bias = d[Images.BIAS];
              sum.add(bias < 0 ? 0 : before.at(bias + o));
              int perImage = d[Images.PER_IMAGE];
              sum.add(perImage < 0 ? 0 : before.at(perImage + image * channels + o));
            }));
  }

  /** dw = gt dU g, from transformed images and output gradients in panels. */
  static Expectation weightGradient(Call call) {
    int[] d = call.descriptor();
    int cin = d[Places.CIN];
    int patches = d[Places.PATCHES];
    return new Expectation(
        shape(d),
        Region.at(
            d[Places.WEIGHTS],
            9 * cin * d[Places.COUT],
            (i, before, sum) -> {
              int c = i / LANES % cin;
              int tap = i / LANES / cin % 9;
              int o = i / LANES / cin / 9 * LANES + i % LANES;
              for (int q = 0; q < 36; q++) {
                double factor = G[q / 6][tap / 3] * G[q % 6][tap % 3];
                int input = d[Places.INPUTS] + q * d[Places.INPUT_PLANE];
                int other = d[Places.OTHERS] + q * d[Places.OTHER_PLANE];
                for (int t = 0; factor != 0 && t < patches; t++) {
                  double x = before.at(input + (c / LANES * patches + t) * LANES + c % LANES);
                  double y = before.at(other + (o / LANES * patches + t) * LANES + o % LANES);
                  sum.add(factor * x * y);
                }
              }
              sum.add(d[Places.FLAG] == 0 ? 0 : before.at(d[Places.WEIGHTS] + i));
            }));
  }
}
