package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** The kernel distance against sums by hand and closed forms. */
class KernelDistanceTest {
  private static double[][] normal(int n, double mean, double deviation, long seed) {
    Random random = new Random(seed);
    double[][] rows = new double[n][1];
    for (double[] row : rows) {
      row[0] = mean + deviation * random.nextGaussian();
    }
    return rows;
  }

  /** k(1, 2) = 27; k(0, .) = 1 and k(0, 3) = 1; between: k(1, 0) = 1, k(1, 3) = 64, 1, 343. */
  @Test
  void byHand() {
    double[][] a = {{1}, {2}};
    double[][] b = {{0}, {3}};
    KernelDistance distance = KernelDistance.between(a, b, 3, 2, 1);
    assertEquals(27 + 1 - 2 * (1 + 64 + 1 + 343) / 4.0, distance.mean(), 1e-9);
    assertEquals(0, distance.deviation(), 1e-9);
  }

  /** (x.y / d + 1)^3 with d = 2: x.y = 4 and 0 within, all 2 between. */
  @Test
  void severalFeatures() {
    double[][] a = {{2, 0}, {2, 3}};
    double[][] b = {{1, 0}, {1, 0}};
    double within = Math.pow(3, 3) + Math.pow(1.5, 3);
    double between = 2 * Math.pow(2, 3);
    assertEquals(within - between, KernelDistance.between(a, b, 1, 2, 1).mean(), 1e-12);
  }

  /**
   * In one dimension (xy + 1)^3 = sum of binomial(3, k) x^k y^k, so the discrepancy is the sum of
   * binomial(3, k) (E[x^k] - E[y^k])^2; of N(m, s^2) the moments are m, m^2 + s^2, m^3 + 3 m s^2.
   */
  @Test
  void closedFormOfNormalDistributions() {
    double[] p = {0.3, 0.3 * 0.3 + 1, 0.027 + 0.9};
    double[] q = {-0.2, 0.04 + 0.25, -0.008 - 0.15};
    double expected = 0;
    for (int k = 0; k < 3; k++) {
      expected += (k < 2 ? 3 : 1) * (p[k] - q[k]) * (p[k] - q[k]);
    }
    KernelDistance distance =
        KernelDistance.between(normal(4000, 0.3, 1, 1), normal(4000, -0.2, 0.5, 2), 200, 200, 3);
    assertEquals(expected, distance.mean(), 0.1 * expected);
  }

  /** An estimate with the diagonal would lie (E[k(x, x)] - E[k(x, y)]) * 2 / n higher. */
  @Test
  void isWithoutBias() {
    double sum = 0;
    int repeats = 4000;
    for (int i = 0; i < repeats; i++) {
      sum +=
          KernelDistance.between(normal(5, 0, 0.5, i), normal(5, 0, 0.5, -1 - i), 1, 5, i).mean();
    }
    // E[k(x, x)] - E[k(x, y)] = 3 * 0.25 + 3 * (0.1875 - 0.0625) + 15 / 64 = 1.36 or more.
    assertEquals(0, sum / repeats, 0.1 * 1.36 * 2 / 5);
  }

  @Test
  void subsetsDependOnTheSeedAlone() {
    double[][] a = normal(60, 0, 1, 1);
    double[][] b = normal(50, 0.2, 1, 2);
    KernelDistance distance = KernelDistance.between(a, b, 10, 20, 5);
    assertEquals(distance, KernelDistance.between(a, b, 10, 20, 5));
    assertNotEquals(distance, KernelDistance.between(a, b, 10, 20, 6));
    assertTrue(distance.deviation() > 0);
  }

  /** Each subset has all rows, in another order. */
  @Test
  void drawsWithoutReplacement() {
    KernelDistance distance =
        KernelDistance.between(normal(30, 0, 1, 1), normal(30, 1, 1, 2), 10, 30, 5);
    assertEquals(0, distance.deviation(), 1e-9 * distance.mean());
  }

  @Test
  void refusesSubsetsBeyondTheRows() {
    double[][] rows = normal(5, 0, 1, 1);
    assertThrows(IllegalArgumentException.class, () -> KernelDistance.between(rows, rows, 1, 6, 1));
    assertThrows(IllegalArgumentException.class, () -> KernelDistance.between(rows, rows, 1, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> KernelDistance.between(rows, rows, 0, 5, 1));
  }
}
