package io.github.tornadodiffusion.experiments.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  private static double[] steady(int n, long seed) {
    Random random = new Random(seed);
    return random.doubles(n).map(u -> 100 + u).toArray();
  }

  /** By hand: populationVariance / count is 6.89 with all six, 0 without the first. */
  @Test
  void aSlowFirstRunIsWarmUp() {
    assertEquals(1, WarmUp.length(new double[] {20, 3, 3, 3, 3, 3}));
    assertEquals(2, WarmUp.length(new double[] {30, 12, 10, 10.1, 9.9, 10, 10.1, 9.9}));
  }

  @Test
  void aStepIsFoundInSeriesOfEveryLength() {
    for (int n : new int[] {12, 30, 60, 200, 1000}) {
      // Batches of five cannot cut between.
      int warm = n < 50 ? n / 4 : n / 20 * 5;
      double[] times = steady(n, n);
      for (int i = 0; i < warm; i++) {
        times[i] += 40;
      }
      int found = WarmUp.length(times);
      assertTrue(
          found >= warm && found <= warm + n / 8 + 1, n + " values: " + found + " for " + warm);
    }
  }

  @Test
  void aDecayIsCutWhereItDrownsInTheNoise() {
    double[] times = steady(200, 3);
    for (int i = 0; i < times.length; i++) {
      times[i] += 50 * Math.exp(-i / 8.0);
    }
    int found = WarmUp.length(times);
    // 50 e^(-i / 8) is 0.34, a third of the noise's range, at 40.
    assertTrue(found >= 20 && found <= 60, "cut " + found);
  }

  /** A forward pass while the JVM compiles it, in ms: only the last third is steady. */
  @Test
  void aLongWarmUpIsNotTakenForTheSteadyState() {
    double[] times = {
      331.9, 56.8, 54.9, 76.7, 39.3, 32.5, 27.5, 27.7, 32.9, 28.2, 24.1, 23.2, 31.3, 22.2, 24.3,
      23.3, 19.4, 19.2, 16.0, 11.2, 11.8, 10.3, 10.1, 10.0, 10.0, 10.3, 10.0, 10.1, 10.2, 10.1,
      11.3, 10.2
    };
    assertEquals(16, WarmUp.length(times));
  }

  @Test
  void constantAndVeryShortSeriesHaveNone() {
    double[] constant = new double[30];
    Arrays.fill(constant, 0.1);
    assertEquals(0, WarmUp.length(constant));
    assertEquals(0, WarmUp.length(new double[] {9, 1, 1}));
    assertEquals(0, WarmUp.length(new double[0]));
  }

  /** Of steady series, spikes in their middle or not, few values are cut on average. */
  @Test
  void steadySeriesKeepNearlyAll() {
    for (int spike : new int[] {0, 900}) {
      int cut = 0;
      for (int seed = 0; seed < 200; seed++) {
        double[] times = steady(40, seed);
        times[15] += spike;
        times[16] += spike;
        times[39] += spike;
        cut += WarmUp.length(times);
      }
      assertTrue(
          cut / 200.0 < 1, "on average %s of 40 with spikes of %d".formatted(cut / 200.0, spike));
    }
  }

  @Test
  void notANumberIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> WarmUp.length(new double[] {1, 2, Double.NaN, 3}));
  }

  /** As many values as are said, then 9 and 11 in turn: their mean is 10, their deviation 1.026. */
  private static double[] thenAround10(double... first) {
    double[] times = Arrays.copyOf(first, first.length + 20);
    for (int i = first.length; i < times.length; i++) {
      times[i] = i % 2 == 0 ? 9 : 11;
    }
    return times;
  }

  /** Three deviations of a single value are 3.078, of the mean of two 2.176. */
  @Test
  void whatIsCutLiesBeyondThreeStandardErrors() {
    assertEquals(0, WarmUp.length(thenAround10(13)));
    assertEquals(1, WarmUp.length(thenAround10(13.5)));
    assertEquals(0, WarmUp.length(thenAround10(12, 12)));
    assertEquals(2, WarmUp.length(thenAround10(12.5, 12.5)));
  }

  /** A processor that runs hot is fast at first. */
  @Test
  void fastFirstRunsAreWarmUpToo() {
    assertEquals(2, WarmUp.length(thenAround10(1, 1)));
    assertEquals(3, WarmUp.length(thenAround10(7, 7.5, 7.9)));
  }

  /**
   * The running median cuts the third value too, which lies half the width of the rest below it.
   */
  @Test
  void whatIsLikeTheRestIsNotCut() {
    double[] times = {30, 12, 9.85, 10.1, 9.9, 10, 10.1, 9.9};
    assertEquals(2, WarmUp.length(times));
  }

  @Test
  void aDifferenceOfRoundingIsNoWarmUp() {
    double[] times = new double[12];
    Arrays.fill(times, 3e7);
    times[0] = Math.nextUp(3e7);
    assertEquals(0, WarmUp.length(times));
  }

  @Test
  void halfOfTheSeriesMayBeCut() {
    assertEquals(4, WarmUp.length(new double[] {20, 20, 20, 20, 3, 3, 3, 3}));
  }

  /** Twenty batches of five are enough: what is cut from 100 values is a multiple of five. */
  @Test
  void aHundredValuesAreBatched() {
    for (int n : new int[] {99, 100}) {
      double[] times = new double[n];
      Arrays.fill(times, 3);
      Arrays.fill(times, 0, 3, 20);
      assertEquals(n < 100 ? 3 : 5, WarmUp.length(times), n + " values");
    }
  }
}
