package io.github.tornadodiffusion.experiments.training;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.Locale;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws a loss curve as a picture, without a display. */
final class LossPlot {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 540;

  /** A largest loss of less than this many times the least leaves room for every tick's label. */
  private static final double NARROW = 8;

  private static final float THIN = 1;
  private static final float THICK = 2.5f;
  private static final Color[] QUARTILE_COLOURS = {
    new Color(0xd95f02), new Color(0x7570b3), new Color(0x1b9e77), new Color(0xe7298a)
  };

  private LossPlot() {}

  /**
   * The picture.
   *
   * @param timesteps T, for the names of the quartiles
   * @throws IOException if it cannot be drawn, for instance because the system has no fonts
   */
  static BufferedImage image(String title, SmoothedLoss curve, int timesteps) throws IOException {
    System.setProperty("java.awt.headless", "true");
    try {
      BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = image.createGraphics();
      try {
        chart(title, curve, timesteps).paint(graphics, WIDTH, HEIGHT);
      } finally {
        graphics.dispose();
      }
      return image;
    } catch (RuntimeException | LinkageError | InternalError e) {
      // A bare system without fontconfig or fonts fails in one of these ways, none of them checked.
      throw new IOException("the system has no usable fonts; install fontconfig and a font", e);
    }
  }

  private static XYChart chart(String title, SmoothedLoss curve, int timesteps) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle("step")
            .yAxisTitle("mean squared error")
            .theme(ChartTheme.Matlab)
            .build();
    chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
    chart.getStyler().setYAxisLogarithmic(true);
    // Labels between the powers of ten as well: a curve may lie between two of them.
    chart.getStyler().setYAxisLogarithmicDecadeOnly(false);
    chart.getStyler().setXAxisDecimalPattern("#");
    chart.getStyler().setPlotGridLinesColor(new Color(0xdddddd));
    for (int q = 0; q < SmoothedLoss.QUARTILES; q++) {
      int from = q * timesteps / SmoothedLoss.QUARTILES;
      int to = (q + 1) * timesteps / SmoothedLoss.QUARTILES - 1;
      add(
          chart,
          "timesteps %d-%d".formatted(from, to),
          curve.quartile(q),
          QUARTILE_COLOURS[q],
          THIN);
    }
    add(chart, "all", curve.mean(), Color.BLACK, THICK);
    DoubleSummaryStatistics losses =
        IntStream.range(0, SmoothedLoss.QUARTILES)
            .mapToObj(curve::quartile)
            .flatMapToDouble(line -> Arrays.stream(line.losses()))
            .summaryStatistics();
    boolean narrow = losses.getMax() < NARROW * losses.getMin();
    chart.getStyler().setYAxisTickLabelsFormattingFunction(y -> tickLabel(y, narrow));
    return chart;
  }

  /**
   * The value at a tick: at 1, 2 and 5 times a power of ten, in a narrow picture, which has room,
   * at all of the others as well.
   */
  static String tickLabel(double value, boolean narrow) {
    double leading = value / Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
    if (Math.abs(leading - Math.rint(leading)) > 1e-6) {
      // The ends of a curve that crosses none of these.
      return String.format(Locale.ROOT, "%.3g", value);
    }
    boolean shown = narrow || Math.rint(leading) <= 2 || Math.rint(leading) == 5;
    return shown ? String.format(Locale.ROOT, value < 1 ? "%.1g" : "%.0f", value) : " ";
  }

  private static void add(
      XYChart chart, String name, SmoothedLoss.Line line, Color colour, float width) {
    if (line.steps().length == 0) {
      return;
    }
    XYSeries series = chart.addSeries(name, line.steps(), line.losses());
    // A line of one point would show nothing.
    series.setMarker(line.steps().length == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    series.setMarkerColor(colour);
    series.setLineColor(colour);
    series.setLineWidth(width);
  }
}
