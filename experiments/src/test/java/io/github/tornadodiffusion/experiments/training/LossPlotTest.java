package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.LossCurve;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LossPlotTest {
  private static SmoothedLoss curve(int steps) {
    List<LossCurve.Row> rows = new ArrayList<>();
    for (int step = 1; step <= steps; step++) {
      double loss = 1.0 / step;
      // The third quartile has images in every other batch only.
      double third = step % 2 == 0 ? 4 * loss : Double.NaN;
      List<Double> quartiles = List.of(loss, 2 * loss, third, Double.NaN);
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
  void everyPictureHasLabelsToReadTheLossBy() {
    assertEquals("0.5", LossPlot.tickLabel(0.5, false));
    assertEquals("0.02", LossPlot.tickLabel(0.02, false));
    assertEquals(" ", LossPlot.tickLabel(0.3, false));
    assertEquals("0.3", LossPlot.tickLabel(0.3, true));
    assertEquals("10", LossPlot.tickLabel(10, true));
    assertEquals("0.168", LossPlot.tickLabel(0.16812, true));
  }

  /** Ink left of the plot, where the labels are: also for a curve that crosses no power of ten. */
  @Test
  void aNarrowCurveHasLabels() throws Exception {
    List<LossCurve.Row> rows = new ArrayList<>();
    for (int step = 1; step <= 100; step++) {
      double loss = 0.3 + 0.5 / step;
      rows.add(new LossCurve.Row(step, 1, loss, List.of(loss, loss, loss, loss), 1, 1e-3, 100));
    }
    BufferedImage image = LossPlot.image("digits", new SmoothedLoss(rows), 1000);
    int ink = 0;
    for (int x = 26; x < 50; x++) {
      for (int y = 30; y < 490; y++) {
        ink += (image.getRGB(x, y) & 0xff) < 128 ? 1 : 0;
      }
    }
    assertTrue(ink > 50, ink + " dark pixels");
  }

  @Test
  void aSingleStepIsSeen() throws Exception {
    LossCurve.Row row = new LossCurve.Row(1, 1, 1, List.of(0.5, 0.9, 1.2, 2.0), 1, 1e-3, 100);
    BufferedImage image = LossPlot.image("digits", new SmoothedLoss(List.of(row)), 1000);
    int black = 0;
    for (int x = 100; x < 700; x++) {
      for (int y = 60; y < 460; y++) {
        black += (image.getRGB(x, y) & 0xffffff) == 0 ? 1 : 0;
      }
    }
    assertTrue(black > 10, black + " black pixels");
  }

  @Test
  void thePictureShowsTheCurve() throws Exception {
    BufferedImage image = LossPlot.image("digits", curve(300), 1000);
    int black = 0;
    for (int x = 100; x < 600; x++) {
      boolean found = false;
      for (int y = 60; y < 460; y++) {
        found |= (image.getRGB(x, y) & 0xffffff) == 0;
      }
      black += found ? 1 : 0;
    }
    assertTrue(black > 450, "the thick black line crosses " + black + " of 500 columns");
  }
}
