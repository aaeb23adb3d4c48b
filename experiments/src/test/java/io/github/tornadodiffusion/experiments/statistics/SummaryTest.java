package io.github.tornadodiffusion.experiments.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SummaryTest {
  /** R's data set sleep (Student 1908): hours of extra sleep. */
  static final double[] FIRST = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};

  static final double[] SECOND = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

  /** R: t.test(sleep$extra). */
  @Test
  void meanAndItsIntervalAreThoseOfR() {
    double[] extra = new double[20];
    System.arraycopy(FIRST, 0, extra, 0, 10);
    System.arraycopy(SECOND, 0, extra, 10, 10);
    Summary summary = Summary.of(extra);
    assertEquals(20, summary.n());
    assertEquals(1.54, summary.mean(), 1e-12);
    assertEquals(0.5955845, summary.meanInterval().low(), 1e-7);
    assertEquals(2.4844155, summary.meanInterval().high(), 1e-7);
    assertEquals(2.017920, summary.standardDeviation(), 1e-6);
    assertEquals(-1.6, summary.min());
    assertEquals(5.5, summary.max());
  }

  /**
   * Ranks and coverages as tabled by Conover, Practical Nonparametric Statistics, and by Hahn and
   * Meeker, Statistical Intervals: of 10 values the 2nd and the 9th, 97.85 %.
   */
  @Test
  void theMedianLiesBetweenOrderStatistics() {
    Summary ten = Summary.of(IntStream.rangeClosed(1, 10).asDoubleStream().toArray());
    assertEquals(5.5, ten.median());
    assertEquals(new Interval(2, 9), ten.medianInterval());
    assertEquals(0.978515625, ten.medianCoverage(), 1e-12);
    Summary twenty = Summary.of(IntStream.rangeClosed(1, 20).asDoubleStream().toArray());
    assertEquals(new Interval(6, 15), twenty.medianInterval());
    assertEquals(0.958610534667968, twenty.medianCoverage(), 1e-12);
    Summary six = Summary.of(6, 5, 4, 3, 2, 1);
    assertEquals(new Interval(1, 6), six.medianInterval());
    assertEquals(0.96875, six.medianCoverage(), 1e-12);
  }

  @Test
  void fewValuesHaveAnIntervalWithItsRealCoverage() {
    Summary five = Summary.of(3, 1, 5, 4, 2);
    assertEquals(new Interval(1, 5), five.medianInterval());
    assertEquals(1 - 2 / 32.0, five.medianCoverage(), 1e-12);
    Summary one = Summary.of(7);
    assertEquals(new Interval(7, 7), one.medianInterval());
    assertEquals(0, one.medianCoverage(), 1e-12);
    assertFalse(one.meanInterval().defined());
    assertEquals(Double.NaN, one.standardDeviation());
    assertEquals(List.of(), one.outliers());
  }

  /** No order of the values and no count makes the interval cover less than it says. */
  @Test
  void fromSixValuesOnTheIntervalCoversEnough() {
    for (int n = 6; n < 200; n++) {
      Summary summary = Summary.of(IntStream.range(0, n).asDoubleStream().toArray());
      double coverage = summary.medianCoverage();
      // One rank further in would fall short: its two tails weigh at most 2 C(n, n / 2) / 2^n.
      assertEquals(0.95, coverage, 0.05, "n = " + n);
      assertEquals(true, coverage >= 0.95, n + " values: " + coverage);
      double middle = (n - 1) / 2.0;
      assertEquals(
          middle - summary.medianInterval().low(), summary.medianInterval().high() - middle);
    }
  }

  /** R: quantile(x, c(.25, .75)) is 3.25 and 7.75, so that the fences are -3.5 and 14.5. */
  @Test
  void outliersAreNamedAndKept() {
    Summary summary = Summary.of(15, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assertEquals(List.of(15.0), summary.outliers());
    assertEquals(6, summary.mean(), 1e-12);
    assertEquals(List.of(), Summary.of(14.5, 1, 2, 3, 4, 5, 6, 7, 8, 9).outliers());
  }

  @Test
  void numbersThatAreNoneAreRefused() {
    assertThrows(IllegalArgumentException.class, Summary::of);
    assertThrows(IllegalArgumentException.class, () -> Summary.of(1, Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> Summary.of(1, Double.POSITIVE_INFINITY));
  }

  /** t(0.975, 1) = 12.7062, and the standard error of 1 and 3 is 1. */
  @Test
  void twoValuesHaveAnIntervalOfTheMean() {
    Summary two = Summary.of(1, 3);
    assertEquals(Math.sqrt(2), two.standardDeviation(), 1e-12);
    assertEquals(2 - 12.7062, two.meanInterval().low(), 1e-4);
    assertEquals(2 + 12.7062, two.meanInterval().high(), 1e-4);
  }

  @Test
  void anIntervalIsDefinedByBothEnds() {
    assertTrue(new Interval(1, 1).defined());
    assertFalse(new Interval(Double.NaN, 1).defined());
    assertFalse(new Interval(1, Double.NaN).defined());
  }

  @Test
  void intervalsHoldNoValueThatCannotBe() {
    Summary times = Summary.of(1, 1.5, 9);
    assertTrue(times.meanInterval().low() < 0);
    Interval positive = times.positiveMeanInterval();
    assertTrue(positive.low() > 0 && positive.low() < times.mean(), positive.toString());
    assertEquals(times.mean(), Math.sqrt(positive.low() * positive.high()), 1e-9);
    Summary shares = Summary.of(0.02, 0.2, 0.9);
    assertTrue(shares.meanInterval().low() < 0);
    Interval share = shares.shareMeanInterval();
    assertTrue(0 < share.low() && share.low() < shares.mean(), share.toString());
    assertTrue(shares.mean() < share.high() && share.high() < 1, share.toString());
    assertEquals(new Interval(0, 0), Summary.of(0, 0).shareMeanInterval());
    // Where values hardly differ the logarithm is as good as straight.
    Summary close = Summary.of(10, 10.01, 9.99, 10.02);
    assertEquals(close.meanInterval().low(), close.positiveMeanInterval().low(), 1e-4);
    assertEquals(close.meanInterval().high(), close.positiveMeanInterval().high(), 1e-4);
    for (Summary none : List.of(Summary.of(1), Summary.of(0, 0))) {
      assertFalse(none.positiveMeanInterval().defined());
    }
    assertFalse(Summary.of(0.5).shareMeanInterval().defined());
  }
}
