package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class DiscretisedNormalTest {
  @Test
  void probabilitiesOfAllLevelsAreOne() {
    for (int levels : new int[] {2, 17, 256}) {
      for (double deviation : new double[] {0.001, 0.05, 3}) {
        double sum = 0;
        for (int i = 0; i < levels; i++) {
          double value = 2.0 * i / (levels - 1) - 1;
          sum += Math.exp(DiscretisedNormal.logProbability(value, 0.37, deviation, levels));
        }
        assertEquals(1, sum, 1e-9, levels + " levels, deviation " + deviation);
      }
    }
  }

  /**
   * mpmath, 50 digits: log((erfc((x - h - m) / (s sqrt2)) - erfc((x + h - m) / (s sqrt2))) / 2).
   */
  @Test
  void farFromTheMean() {
    assertEquals(-1235.2925437845793, DiscretisedNormal.logProbability(0.5, 0, 0.01, 256), 1e-6);
    assertEquals(-1235.2925437845793, DiscretisedNormal.logProbability(-0.5, 0, 0.01, 256), 1e-6);
    assertEquals(-4966.381487432611, DiscretisedNormal.logProbability(1, 0, 0.01, 256), 1e-6);
    assertEquals(-4966.381487432611, DiscretisedNormal.logProbability(-1, 0, 0.01, 256), 1e-6);
  }
}
