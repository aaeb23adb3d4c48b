package io.github.tornadodiffusion.experiments.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairedComparisonTest {
  /** Darwin's maize, heights in inches (Fisher, The Design of Experiments, 1935, table 3). */
  private static final double[] CROSSED = {
    23.5, 12, 21, 22, 19.125, 21.5, 22.125, 20.375, 18.25, 21.625, 23.25, 21, 22.125, 23, 12
  };

  private static final double[] SELFED = {
    17.375, 20.375, 20, 20, 18.375, 18.625, 18.625, 15.25, 16.5, 18, 16.25, 18, 12.75, 15.5, 18
  };

  /**
   * Fisher has t = 2.148, just beyond 5 %; R: t.test(crossed, selfed, paired = TRUE), wilcox.test.
   */
  @Test
  void darwinsMaize() {
    PairedComparison maize = PairedComparison.of(CROSSED, SELFED);
    assertEquals(15, maize.n());
    assertEquals(2.616667, maize.meanDifference(), 1e-6);
    assertEquals(0.003899, maize.meanInterval().low(), 1e-6);
    assertEquals(5.229434, maize.meanInterval().high(), 1e-6);
    assertEquals(3, maize.medianDifference());
    assertEquals(0.0497, maize.pairedT(), 5e-5);
    // V = 96, exact.
    assertEquals(0.04126, maize.wilcoxon(), 5e-6);
    assertEquals((96 - 24) / 120.0, maize.rankBiserial(), 1e-12);
    // d = t / sqrt(n).
    assertEquals(2.148 / Math.sqrt(15), maize.cohensD(), 2e-4);
  }

  /**
   * R: t.test(extra ~ group, sleep, paired = TRUE), wilcox.test(..., exact = FALSE). One difference
   * is zero, and two tie only when their rounding is overlooked.
   */
  @Test
  void studentsSleep() {
    PairedComparison sleep = PairedComparison.of(SummaryTest.FIRST, SummaryTest.SECOND);
    assertEquals(-1.58, sleep.meanDifference(), 1e-12);
    assertEquals(-2.4598858, sleep.meanInterval().low(), 1e-7);
    assertEquals(-0.7001142, sleep.meanInterval().high(), 1e-7);
    assertEquals(0.002833, sleep.pairedT(), 5e-7);
    assertEquals(0.009091, sleep.wilcoxon(), 5e-7);
    assertEquals(-1, sleep.rankBiserial());
    assertEquals(-4.0621 / Math.sqrt(10), sleep.cohensD(), 5e-5);
  }

  /** R's example of wilcox.test (Hollander and Wolfe 1973): V = 40, one-sided 0.01953. */
  @Test
  void depressionScales() {
    double[] x = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    double[] y = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    assertEquals(2 * 10 / 512.0, PairedComparison.of(x, y).wilcoxon(), 1e-12);
  }

  /** Every sign of six ranks, counted one by one. */
  @Test
  void exactIsWhatCountingGives() {
    for (int signs = 0; signs < 64; signs++) {
      int plus = plus(signs);
      int extreme = 0;
      for (int other = 0; other < 64; other++) {
        extreme += Math.abs(2 * plus(other) - 21) >= Math.abs(2 * plus - 21) ? 1 : 0;
      }
      int observed = signs;
      double[] differences =
          IntStream.range(0, 6)
              .mapToDouble(i -> (observed >> i & 1) == 1 ? i + 1 : -i - 1)
              .toArray();
      assertEquals(extreme / 64.0, new SignedRanks(differences).p(), 1e-12);
    }
  }

  private static int plus(int signs) {
    return IntStream.range(0, 6).map(i -> (signs >> i & 1) * (i + 1)).sum();
  }

  /** At 49 differences exact and approximate p-values meet. */
  @Test
  void theApproximationContinuesTheExactTest() {
    Random random = new Random(1);
    double[] differences = new double[49];
    for (int i = 0; i < differences.length; i++) {
      differences[i] = (i + 1) * (random.nextInt(100) < 62 ? 1 : -1);
    }
    double exact = new SignedRanks(differences).p();
    differences[0] = differences[1];
    double approximate = new SignedRanks(differences).p();
    assertEquals(exact, approximate, 0.02);
    assertFalse(exact == approximate);
  }

  @Test
  void whatIsUndefinedIsNaN() {
    PairedComparison one = PairedComparison.of(new double[] {2}, new double[] {1});
    assertEquals(1, one.meanDifference());
    assertFalse(one.meanInterval().defined());
    assertEquals(Double.NaN, one.pairedT());
    assertEquals(Double.NaN, one.cohensD());
    assertEquals(1, one.wilcoxon());
    assertEquals(1, one.rankBiserial());
    // Equal but for rounding.
    PairedComparison equal =
        PairedComparison.of(new double[] {0.3, 0.4, 1.1}, new double[] {0.2, 0.3, 1.0});
    assertEquals(Double.NaN, equal.pairedT());
    assertEquals(Double.NaN, equal.cohensD());
    assertEquals(1, equal.rankBiserial());
    PairedComparison same = PairedComparison.of(new double[3], new double[3]);
    assertEquals(0, same.meanDifference());
    assertEquals(Double.NaN, same.wilcoxon());
    assertEquals(Double.NaN, same.rankBiserial());
    assertEquals(Double.NaN, same.pairedT());
  }

  @Test
  void exchangingThePairsChangesSignsOnly() {
    PairedComparison there = PairedComparison.of(CROSSED, SELFED);
    PairedComparison back = PairedComparison.of(SELFED, CROSSED);
    assertEquals(there.wilcoxon(), back.wilcoxon());
    assertEquals(there.pairedT(), back.pairedT(), 1e-12);
    assertEquals(there.rankBiserial(), -back.rankBiserial(), 1e-12);
    assertEquals(there.cohensD(), -back.cohensD(), 1e-12);
  }

  @Test
  void pairsMustBePairs() {
    assertThrows(
        IllegalArgumentException.class, () -> PairedComparison.of(new double[2], new double[3]));
    assertThrows(
        IllegalArgumentException.class, () -> PairedComparison.of(new double[0], new double[0]));
    assertThrows(
        IllegalArgumentException.class,
        () -> PairedComparison.of(new double[] {Double.NaN}, new double[1]));
  }

  /** R: wilcox.test((1:50) * ifelse(1:50 > 30, 1, -1)) has V = 810; exact it would be 0.0971. */
  @Test
  void fromFiftyDifferencesOnItIsApproximate() {
    double[] differences = IntStream.rangeClosed(1, 50).mapToDouble(i -> i > 30 ? i : -i).toArray();
    assertEquals(0.0968413, new SignedRanks(differences).p(), 1e-6);
  }

  /** 1.2 - 1.1 and 0.1 - 0.2 are of one size in decimals, so that neither sign outweighs. */
  @Test
  void differencesTieWhereOnlyRoundingKeepsThemApart() {
    PairedComparison tied = PairedComparison.of(new double[] {1.2, 0.1}, new double[] {1.1, 0.2});
    assertEquals(0, tied.rankBiserial());
  }

  @Test
  void whichOfThePairsIsNoNumberIsSaid() {
    double[] broken = {1, Double.NaN};
    double[] fine = {1, 2};
    Exception first =
        assertThrows(IllegalArgumentException.class, () -> PairedComparison.of(broken, fine));
    assertTrue(first.getMessage().startsWith("the first of the pairs has NaN at index 1"));
    Exception second =
        assertThrows(IllegalArgumentException.class, () -> PairedComparison.of(fine, broken));
    assertTrue(second.getMessage().startsWith("the second of the pairs has NaN at index 1"));
  }
}
