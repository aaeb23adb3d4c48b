package io.github.tornadodiffusion.experiments.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ChartTest {
  private static final double[] X = {1, 2, 3, 4};

  private static Chart lines() {
    return Chart.lines("a", "title", "x in s", "y in m");
  }

  @Test
  void buildersLeaveTheirChartAsItIs() {
    Chart empty = lines();
    Chart full = empty.logX().series("s", X, X);
    assertEquals(0, empty.drawn().size());
    assertEquals(1, full.drawn().size());
    assertEquals(false, empty.isLogX());
    assertEquals(true, full.isLogX());
  }

  @Test
  void valuesThatCannotBeShownAreLeftOutAndCounted() {
    double[] y = {Double.NaN, 2, Double.POSITIVE_INFINITY, -1};
    Chart chart = lines().series("s", X, y).caption("Times.");
    assertArrayEquals(new double[] {2, 4}, chart.drawn().get(0).x());
    assertEquals("Times. Left out: 2 of the 4 values of “s”, not finite.", chart.fullCaption());
    assertArrayEquals(new double[] {2}, chart.logY().drawn().get(0).x());
    assertTrue(chart.logY().fullCaption().contains("1 of the 4 values of “s”, not positive"));
  }

  @Test
  void intervalsThatReachZeroAreCutOnALogarithmicAxis() {
    Interval[] intervals = {new Interval(-1, 3), Interval.UNDEFINED, null, new Interval(3, 5)};
    Chart chart = lines().series("s", X, X, intervals).logY();
    Interval[] drawn = chart.drawn().get(0).intervals();
    assertEquals(new Interval(1, 3), drawn[0]);
    assertNull(drawn[1]);
    assertNull(drawn[2]);
    assertEquals(new Interval(3, 5), drawn[3]);
    assertTrue(chart.fullCaption().contains("lower ends of 1 of the intervals"));
  }

  @Test
  void misuseIsRefused() {
    Chart bars = Chart.bars("b", "t", "x", "y");
    double[] one = {1};
    assertThrows(IllegalArgumentException.class, () -> Chart.lines("../a", "t", "x", "y"));
    assertThrows(IllegalArgumentException.class, () -> lines().series("s", X, one));
    assertThrows(IllegalArgumentException.class, () -> lines().series("s", X, X, new Interval[1]));
    assertThrows(IllegalArgumentException.class, () -> lines().bars("s", List.of("c"), one, null));
    assertThrows(IllegalArgumentException.class, () -> bars.series("s", X, X));
    assertThrows(IllegalArgumentException.class, bars::logX);
  }

  /** Nothing that is legal may keep a report from being written. */
  @Test
  void oddChartsAreDrawn() throws Exception {
    double[] none = {};
    double[] one = {5};
    List<Chart> odd =
        List.of(
            lines(),
            lines().logX().logY().series("", none, none),
            lines().series("s", one, one, new Interval[] {Interval.UNDEFINED}),
            lines().logX().logY().series("s", one, one),
            lines().series("s", X, new double[] {0, 0, 0, 0}),
            lines().series("s", X, new double[] {1e-12, 2e-12, 3e-12, 4e-12}),
            lines().series("s", X, new double[] {1e15, 1e15 + 1, 1e15 + 2, 1e15}),
            lines().series("same", X, X).series("same", X, X),
            Chart.points("p", "", "", "").series("s", X, X),
            Chart.bars("b", "t", "x", "y"),
            Chart.bars("b", "t", "x", "y").bars("s", List.of("c"), new double[] {-3}, null),
            Chart.bars("b", "t", "x", "y")
                .logY()
                .bars("s", List.of("", "d"), new double[] {3, Double.NaN}, null));
    for (Chart chart : odd) {
      assertTrue(ink(chart, rgb -> rgb != 0xffffff) > 100, chart.title());
      assertTrue(Pictures.svg(chart).length > 100);
    }
  }

  @Test
  void everySeriesHasItsColour() throws Exception {
    for (int i = 0; i < 8; i++) {
      int colour = Palette.colour(i).getRGB() & 0xffffff;
      assertTrue(ink(DemoReport.quality(), rgb -> rgb == colour) > 50, "series " + i);
    }
  }

  /** Ink between the axis and its title: also of names that are too long for the axis. */
  @Test
  void categoriesAreNamedBeneathTheirBars() throws Exception {
    Chart named = bars("opencl:0", "a device with a very long name");
    Chart unnamed = bars(" ", "  ");
    assertTrue(
        ink(named, rgb -> (rgb & 0xff) < 128) > ink(unnamed, rgb -> (rgb & 0xff) < 128) + 1000);
    assertTrue(
        named.fullCaption().endsWith("is a device with a very long name."), named.fullCaption());
    assertEquals("", unnamed.fullCaption());
  }

  private static Chart bars(String first, String second) {
    return Chart.bars("b", "t", "x", "y")
        .bars("s", List.of(first, second), new double[] {1, 2}, null);
  }

  @Test
  void intervalsAreDrawn() throws Exception {
    Interval[] intervals = new Interval[4];
    for (int i = 0; i < 4; i++) {
      intervals[i] = new Interval(i + 0.5, i + 2);
    }
    // The axis is the same: both series span it.
    Chart without = lines().series("s", X, X).series("t", X, new double[] {0.5, 2, 4, 5});
    Chart with = lines().series("s", X, X, intervals).series("t", X, new double[] {0.5, 2, 4, 5});
    int blue = Palette.colour(0).getRGB() & 0xffffff;
    assertTrue(ink(with, rgb -> rgb == blue) > ink(without, rgb -> rgb == blue) + 300);
  }

  @Test
  void sevenMarkersAndDashesRepeatNoColour() {
    for (int i = 0; i < 8; i++) {
      for (int j = 0; j < i; j++) {
        assertNotEquals(Palette.colour(i), Palette.colour(j));
      }
    }
    assertNotEquals(Palette.marker(0), Palette.marker(1));
    assertNotEquals(Palette.line(0), Palette.line(1));
  }

  /** Of two lines with the same intervals both are seen. */
  @Test
  void intervalsAtOnePlaceAreDrawnBesideEachOther() throws Exception {
    Interval[] intervals = new Interval[4];
    for (int i = 0; i < 4; i++) {
      intervals[i] = new Interval(X[i] - 0.5, X[i] + 0.5);
    }
    int first = Palette.colour(0).getRGB() & 0xffffff;
    Chart chart = lines().series("s", X, X, intervals);
    Chart both = chart.series("t", X, X, intervals);
    int alone = ink(chart, rgb -> rgb == first);
    assertTrue(ink(both, rgb -> rgb == first) > 0.7 * alone);
    assertTrue(both.fullCaption().contains("beside each other"), both.fullCaption());
    assertEquals("", chart.fullCaption());
  }

  /** A curve of many points, or of measured places, stays where it is. */
  @Test
  void onlyFewSharedPlacesAreMoved() {
    double[] x = IntStream.range(0, 17).mapToDouble(i -> i).toArray();
    Interval[] intervals =
        Arrays.stream(x).mapToObj(i -> new Interval(i, i + 1)).toArray(Interval[]::new);
    Chart many = lines().series("s", x, x, intervals).series("t", x, x, intervals);
    assertEquals(false, many.hasBarsBesideEachOther());
    Interval[] four = Arrays.copyOf(intervals, 4);
    double[] others = {1.5, 2.5, 3.5, 4.5};
    Chart measured = lines().series("s", X, X, four).series("t", others, X, four);
    assertEquals(false, measured.hasBarsBesideEachOther());
  }

  /** The labels of 1, 2, 3 and 5 are as short as the blank ones between them. */
  @Test
  void shortLabelsStandBeneathTheAxis() throws Exception {
    Chart chart = lines().logX().series("s", new double[] {1, 8}, new double[] {1, 2});
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(Pictures.png(chart)));
    int axis = longestDarkRow(image);
    for (int y = axis + 3; y < axis + 9; y++) {
      assertEquals(0, dark(image, y), "row " + (y - axis) + " beneath the axis");
    }
  }

  /** The lower border of the plot: of the rows with most ink the last one. */
  private static int longestDarkRow(BufferedImage image) {
    int best = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      best = dark(image, y) >= 0.95 * dark(image, best) ? y : best;
    }
    return best;
  }

  private static int dark(BufferedImage image, int y) {
    return (int)
        IntStream.range(0, image.getWidth()).filter(x -> (image.getRGB(x, y) & 0xff) < 100).count();
  }

  /** Two parallel lines of a thousand points: the dashes of the second leave a third of it out. */
  @Test
  void aDashedLineOfManyPointsIsDashed() throws Exception {
    double[] x = IntStream.range(0, 1000).mapToDouble(i -> i).toArray();
    double[] higher = Arrays.stream(x).map(value -> value + 100).toArray();
    Chart chart = lines().series("s", x, x).series("t", x, higher);
    int solid = Palette.colour(0).getRGB() & 0xffffff;
    int dashed = Palette.colour(1).getRGB() & 0xffffff;
    double share = (double) ink(chart, rgb -> rgb == dashed) / ink(chart, rgb -> rgb == solid);
    assertEquals(2 / 3.0, share, 0.07);
  }

  private static int ink(Chart chart, IntPredicate wanted) throws IOException {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(Pictures.png(chart)));
    int count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        count += wanted.test(image.getRGB(x, y) & 0xffffff) ? 1 : 0;
      }
    }
    return count;
  }
}
