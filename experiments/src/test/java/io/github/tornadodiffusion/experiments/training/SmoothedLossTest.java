package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.LossCurve;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SmoothedLossTest {
  /** A scale of powers of ten would have one label, or none. */
  @Test
  void theAxisOfAShortRunHasLabels() {
    for (double last : new double[] {0.99, 0.9, 0.5, 0.3}) {
      assertFalse(
          new SmoothedLoss(List.of(row(1, 1), row(2, last))).isLogarithmic(), "loss " + last);
    }
    assertTrue(new SmoothedLoss(List.of(row(1, 1), row(2, 0.1))).isLogarithmic());
  }

  private static LossCurve.Row row(int step, double loss) {
    List<Double> quartiles = List.of(loss, loss, loss, loss);
    return new LossCurve.Row(step, 1, loss, quartiles, 1, 1, 1, Double.NaN);
  }

  /** Of the first line of a chart. */
  private static final int COLOUR = 0x0072b2;

  private static SmoothedLoss curve(int steps) {
    List<LossCurve.Row> rows = new ArrayList<>();
    for (int step = 1; step <= steps; step++) {
      double loss = 1.0 / step;
      // The third quartile has images in every other batch only.
      double third = step % 2 == 0 ? 4 * loss : Double.NaN;
      List<Double> quartiles = List.of(0.5 * loss, 2 * loss, third, Double.NaN);
      rows.add(new LossCurve.Row(step, 1, loss, quartiles, 1, 1e-3, 100));
    }
    return new SmoothedLoss(rows);
  }

  @Test
  void runningMeansSpanAFortiethOfTheSteps() {
    SmoothedLoss curve = curve(80);
    SmoothedLoss.Line mean = curve.mean();
    assertEquals(80, mean.steps().length);
    assertEquals(1, mean.losses()[0]);
    assertEquals((1 + 0.5) / 2, mean.losses()[1], 1e-12);
    assertEquals((1 / 79.0 + 1 / 80.0) / 2, mean.losses()[79], 1e-12);
  }

  @Test
  void stepsWithoutImagesOfAQuartileAreLeftOut() {
    SmoothedLoss.Line third = curve(10).quartile(2);
    assertArrayEquals(new double[] {2, 4, 6, 8, 10}, third.steps());
    assertEquals(2, third.losses()[0], 1e-12);
    assertEquals(0, curve(10).quartile(3).steps().length);
  }

  @Test
  void longRunsAreThinnedButKeepTheirEnd() {
    SmoothedLoss.Line mean = curve(54_321).mean();
    assertTrue(mean.steps().length <= 1100);
    assertEquals(54_321, mean.steps()[mean.steps().length - 1]);
  }

  @Test
  void thePictureShowsTheCurve() throws Exception {
    BufferedImage image = curve(300).chart("digits", 1000).image();
    int from = image.getWidth() / 5;
    int to = image.getWidth() * 4 / 5;
    int crossed = 0;
    for (int x = from; x < to; x++) {
      crossed += columnHas(image, x, COLOUR) ? 1 : 0;
    }
    assertTrue(
        crossed > 0.95 * (to - from),
        "the line of all timesteps crosses %d of %d columns".formatted(crossed, to - from));
  }

  @Test
  void aSingleStepIsSeen() throws Exception {
    LossCurve.Row row = new LossCurve.Row(1, 1, 1, List.of(0.5, 0.9, 1.2, 2.0), 1, 1e-3, 100);
    BufferedImage image = new SmoothedLoss(List.of(row)).chart("digits", 1000).image();
    int columns = 0;
    for (int x = image.getWidth() / 5; x < image.getWidth() * 4 / 5; x++) {
      columns += columnHas(image, x, COLOUR) ? 1 : 0;
    }
    assertTrue(columns > 5, columns + " columns");
  }

  private static boolean columnHas(BufferedImage image, int x, int colour) {
    for (int y = image.getHeight() / 10; y < image.getHeight() * 8 / 10; y++) {
      if ((image.getRGB(x, y) & 0xffffff) == colour) {
        return true;
      }
    }
    return false;
  }
}
