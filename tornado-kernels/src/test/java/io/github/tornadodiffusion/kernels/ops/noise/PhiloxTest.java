package io.github.tornadodiffusion.kernels.ops.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PhiloxTest {
  private static final int N = 200_000;

  /** kat_vectors of Random123, philox4x32 with 10 rounds. */
  @Test
  void knownAnswers() {
    assertWords("6627e8d5 e169c58d bc57ac4c 9b00dbd8", "00000000 00000000 00000000 00000000", 0, 0);
    assertWords(
        "408f276d 41c83b0e a20bc7c6 6d5451fd", "ffffffff ffffffff ffffffff ffffffff", -1, -1);
    assertWords(
        "d16cfe09 94fdcceb 5001e420 24126ea1",
        "243f6a88 85a308d3 13198a2e 03707344",
        0xa4093822,
        0x299f31d0);
  }

  private static void assertWords(String expected, String counter, int key0, int key1) {
    int[] words = words(counter);
    Philox.scramble(words, key0, key1);
    assertArrayEquals(words(expected), words);
  }

  private static int[] words(String hex) {
    return Arrays.stream(hex.split(" ")).mapToInt(w -> Integer.parseUnsignedInt(w, 16)).toArray();
  }

  @Test
  void aValueDependsOnItsIndexAlone() {
    float[] all = gaussian(7, 1, 3, 0, 50);
    for (int first = 0; first < 12; first++) {
      assertArrayEquals(Arrays.copyOfRange(all, first, first + 9), gaussian(7, 1, 3, first, 9));
    }
  }

  @Test
  void everyPartOfTheCounterMatters() {
    float[] base = gaussian(7, 1, 3, 0, 64);
    assertUnrelated(base, gaussian(7 + (1L << 32), 1, 3, 0, 64));
    assertUnrelated(base, gaussian(8, 1, 3, 0, 64));
    assertUnrelated(base, gaussian(7, 2, 3, 0, 64));
    assertUnrelated(base, gaussian(7, 1, 4, 0, 64));
    assertUnrelated(base, gaussian(7, 1, 3, 1L << 34, 64));
  }

  private static void assertUnrelated(float[] a, float[] b) {
    for (int i = 0; i < a.length; i++) {
      assertTrue(a[i] != b[i], "equal values at " + i);
    }
  }

  @Test
  void momentsAreThoseOfTheNormalDistribution() {
    float[] x = gaussian(1, 0, 0, 0, N);
    double[] moments = new double[5];
    for (float v : x) {
      for (int k = 1; k <= 4; k++) {
        moments[k] += Math.pow(v, k) / N;
      }
    }
    // Four standard errors: the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
    double root = 4 / Math.sqrt(N);
    assertEquals(0, moments[1], root);
    assertEquals(1, moments[2], root * Math.sqrt(2));
    assertEquals(0, moments[3], root * Math.sqrt(15));
    assertEquals(3, moments[4], root * Math.sqrt(96));
  }

  @Test
  void distributionPassesKolmogorovSmirnov() {
    float[] x = gaussian(2, 0, 0, 0, N);
    Arrays.sort(x);
    double distance = 0;
    for (int i = 0; i < N; i++) {
      double p = normalCdf(x[i]);
      distance =
          Math.max(distance, Math.max(Math.abs(p - (double) i / N), Math.abs(p - (i + 1.0) / N)));
    }
    assertTrue(
        distance * Math.sqrt(N) < 1.63, "D sqrt(n) = " + distance * Math.sqrt(N)); // the 1 % point
    assertTrue(x[0] < -3.8 && x[N - 1] > 3.8, "tails are missing");
  }

  @Test
  void neighboursStepsAndStreamsAreUncorrelated() {
    float[] x = gaussian(3, 0, 0, 0, N);
    for (int lag = 1; lag <= 4; lag++) {
      assertUncorrelated(Arrays.copyOf(x, N - lag), Arrays.copyOfRange(x, lag, N));
    }
    assertUncorrelated(x, gaussian(3, 0, 1, 0, N));
    assertUncorrelated(x, gaussian(3, 1, 0, 0, N));
    assertUncorrelated(x, gaussian(4, 0, 0, 0, N));
  }

  /** Both for the values and for their squares, which Box-Muller's pairs share a radius in. */
  private static void assertUncorrelated(float[] a, float[] b) {
    double values = 0;
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      values += a[i] * (double) b[i] / a.length;
      squares += (a[i] * (double) a[i] - 1) * (b[i] * (double) b[i] - 1) / 2 / a.length;
    }
    assertEquals(0, values, 4 / Math.sqrt(a.length));
    assertEquals(0, squares, 4 / Math.sqrt(a.length));
  }

  private static float[] gaussian(long seed, int stream, int step, long first, int n) {
    float[] values = new float[n];
    Philox.gaussian(seed, stream, step, first, values);
    return values;
  }

  /** Abramowitz and Stegun 26.2.17, error below 7.5e-8. */
  private static double normalCdf(double x) {
    double t = 1 / (1 + 0.2316419 * Math.abs(x));
    double tail =
        Math.exp(-x * x / 2)
            / Math.sqrt(2 * Math.PI)
            * t
            * (0.319381530
                + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return x > 0 ? 1 - tail : tail;
  }
}
