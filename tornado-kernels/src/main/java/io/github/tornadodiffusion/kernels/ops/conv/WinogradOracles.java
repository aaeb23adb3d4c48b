package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Output;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Patches;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Weights;

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
    return "%d patches of %dx%d, %d channels"
        .formatted(d[Patches.COUNT], d[Patches.H], d[Patches.W], d[Patches.CHANNELS]);
  }

  private static int row(int[] d, int patch) {
    return (d[Patches.FIRST] + patch) / d[Patches.ACROSS] % d[Patches.DOWN] * 4;
  }

  private static int column(int[] d, int patch) {
    return (d[Patches.FIRST] + patch) % d[Patches.ACROSS] * 4;
  }

  private static int image(int[] d, int patch) {
    return (d[Patches.FIRST] + patch) / d[Patches.ACROSS] / d[Patches.DOWN];
  }

  /** V = bt x b. */
  static Expectation input(Call call) {
    int[] d = call.descriptor();
    int channels = d[Patches.CHANNELS];
    return planes(d, BT, (patch, c) -> patch * channels + c);
  }

  /** Y = a dy at, in panels. */
  static Expectation gradient(Call call) {
    int[] d = call.descriptor();
    return planes(d, A, (patch, c) -> (c / LANES * d[Patches.COUNT] + patch) * LANES + c % LANES);
  }

  private interface Place {
    int of(int patch, int channel);
  }

  private static Expectation planes(int[] d, double[][] matrix, Place place) {
    int count = d[Patches.COUNT];
    int channels = d[Patches.CHANNELS];
    int size = count * channels;
    return new Expectation(
        shape(d),
        new Region(
            36 * size,
            i ->
                d[Patches.PLANES]
                    + i / size * d[Patches.PLANE]
                    + place.of(i % size / channels, i % channels),
            (i, before, sum) -> {
              int patch = i % size / channels;
              double[] down = matrix[i / size / 6];
              double[] across = matrix[i / size % 6];
              for (int y = 0; y < down.length; y++) {
                for (int x = 0; x < across.length; x++) {
                  int atY = row(d, patch) + y;
                  int atX = column(d, patch) + x;
                  if (atY < d[Patches.H] && atX < d[Patches.W]) {
                    int at =
                        d[Patches.PIXELS]
                            + image(d, patch) * d[Patches.IMAGE]
                            + atY * d[Patches.ROW]
                            + atX * channels
                            + i % channels;
                    sum.add(down[y] * across[x] * before.at(at));
                  }
                }
              }
            }));
  }

  /** out = at M a, and what a convolution adds. */
  static Expectation output(Call call) {
    int[] d = call.descriptor();
    int channels = d[Patches.CHANNELS];
    int[] pixels =
        java.util.stream.IntStream.range(0, d[Patches.COUNT] * 16)
            .filter(i -> row(d, i / 16) + i / 4 % 4 < d[Patches.H])
            .filter(i -> column(d, i / 16) + i % 4 < d[Patches.W])
            .toArray();
    return new Expectation(
        shape(d),
        new Region(
            pixels.length * channels,
            i -> d[Patches.PIXELS] + pixel(d, pixels[i / channels]) * channels + i % channels,
            (i, before, sum) -> {
              int at = pixels[i / channels];
              int channel = i % channels;
              for (int q = 0; q < 36; q++) {
                int place = d[Patches.PLANES] + q * d[Patches.PLANE] + at / 16 * channels + channel;
                sum.add(A[q / 6][at / 4 % 4] * A[q % 6][at % 4] * before.at(place));
              }
              int start =
                  d[Output.START]
                      + pixel(d, at) * d[Output.START_PIXEL]
                      + channel * d[Output.START_CHANNEL];
              sum.add(d[Output.START_CHANNEL] == 0 ? 0 : before.at(start));
              int bias = d[Output.BIAS];
              sum.add(bias < 0 ? 0 : before.at(bias + channel));
              int perImage = d[Output.PER_IMAGE];
              int image = image(d, at / 16);
              sum.add(perImage < 0 ? 0 : before.at(perImage + image * channels + channel));
            }));
  }

  /** The number of a pixel among all of the output. */
  private static int pixel(int[] d, int at) {
    int y = row(d, at / 16) + at / 4 % 4;
    int x = column(d, at / 16) + at % 4;
    return (image(d, at / 16) * d[Patches.H] + y) * d[Patches.W] + x;
  }

  /** U = g w gt. */
  static Expectation weights(Call call) {
    int[] d = call.descriptor();
    int panel = d[Weights.CIN] * LANES;
    int size = d[Weights.PANELS] * panel;
    return new Expectation(
        "3x3 %d -> %d".formatted(d[Weights.CIN], d[Weights.PANELS] * LANES),
        new Region(
            36 * size,
            i -> d[Weights.PLANES] + i / size * d[Weights.PLANE] + i % size,
            (i, before, sum) -> {
              int weights = d[Weights.WEIGHTS] + i % size / panel * 9 * panel + i % panel;
              for (int tap = 0; tap < 9; tap++) {
                double factor = G[i / size / 6][tap / 3] * G[i / size % 6][tap % 3];
                sum.add(factor * before.at(weights + tap * panel));
              }
            }));
  }

  /** dw = gt dU g. */
  static Expectation weightGradient(Call call) {
    int[] d = call.descriptor();
    int panel = d[Weights.CIN] * LANES;
    return new Expectation(
        "3x3 %d -> %d".formatted(d[Weights.CIN], d[Weights.PANELS] * LANES),
        Region.at(
            d[Weights.WEIGHTS],
            9 * d[Weights.PANELS] * panel,
            (i, before, sum) -> {
              int tap = i / panel % 9;
              int plane = d[Weights.PLANES] + i / panel / 9 * panel + i % panel;
              for (int q = 0; q < 36; q++) {
                double factor = G[q / 6][tap / 3] * G[q % 6][tap % 3];
                sum.add(factor * before.at(plane + q * d[Weights.PLANE]));
              }
              sum.add(d[Weights.ACCUMULATE] == 0 ? 0 : before.at(d[Weights.WEIGHTS] + i));
            }));
  }
}
