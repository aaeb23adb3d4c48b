package io.github.tornadodiffusion.experiments.statistics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class HolmTest {
  /** The example of Wikipedia's "Holm–Bonferroni method"; R: p.adjust(p, "holm"). */
  @Test
  void fourHypotheses() {
    assertArrayEquals(
        new double[] {0.03, 0.06, 0.06, 0.02},
        Holm.adjust(new double[] {0.01, 0.04, 0.03, 0.005}),
        1e-12);
  }

  /** R: p.adjust(c(0.01, NA, 0.02, 0.9, 0.8), "holm"). */
  @Test
  void undefinedTestsDoNotCountAndNoneExceedsOne() {
    assertArrayEquals(
        new double[] {0.04, Double.NaN, 0.06, 1, 1},
        Holm.adjust(new double[] {0.01, Double.NaN, 0.02, 0.9, 0.8}),
        1e-12);
    assertArrayEquals(new double[0], Holm.adjust(new double[0]));
  }

  @Test
  void onlyProbabilitiesAreAdjusted() {
    assertThrows(IllegalArgumentException.class, () -> Holm.adjust(new double[] {1.2}));
    assertThrows(IllegalArgumentException.class, () -> Holm.adjust(new double[] {-0.1}));
  }

  /** R: p.adjust(c(0, 1), "holm"). */
  @Test
  void theEndsOfTheRangeAreProbabilities() {
    assertArrayEquals(new double[] {0, 1}, Holm.adjust(new double[] {0, 1}));
  }
}
