package io.github.tornadodiffusion.experiments.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;

/**
 * An XChart without series: axes, titles and a legend below. It is narrow, so that its letters are
 * still legible on a telephone, in 350 pixels.
 */
final class ChartFrame {
  private static final int WIDTH = 600;
  private static final int HEIGHT = 400;
  private static final int LEGEND_ROW = 22;

  /** Room for rotated names of categories. */
  private static final int TURNED = 70;

  private static final int LEGEND_LINE = 42;

  /** XChart always leaves this much between the markers of single points in a row. */
  private static final int LEGEND_MARKER = 20;

  private static final int LEGEND_PADDING = 12;

  /** Approximate room for the y axis. */
  private static final int Y_AXIS = 90;

  /** XChart shows no longer tick labels. */
  private static final int LONGEST_LABEL = 20;

  /**
   * Invisible: the space below the axis is as high as the first of the longest labels, which must
   * not be a blank one.
   */
  private static final String LONGER = "\u200b";

  private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 14);
  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 16);
  private static final BasicStroke THIN = new BasicStroke(0.5f);
  private static final Color INK = new Color(0x222222);
  private static final Color GRID = new Color(0xdddddd);

  private final Chart chart;
  private final List<Series> series;
  private final Range x;
  private final Range y;

  /**
   * A frame for what is to be drawn.
   *
   * @param series as drawn: without values that the axes cannot show
   */
  ChartFrame(Chart chart, List<Series> series) {
    this.chart = chart;
    this.series = series;
    x = Range.ofX(series, chart.isLogX());
    boolean fromZero = chart.kind() == Chart.Kind.BARS && !chart.isLogY();
    y = fromZero ? Range.ofBars(series) : Range.ofY(series, chart.isLogY());
  }

  /** The range of the y axis. */
  Range y() {
    return y;
  }

  /**
   * A position on the x axis, moved.
   *
   * @param pixels to the right, about
   */
  double moved(double value, double pixels) {
    double share = pixels / (WIDTH - Y_AXIS);
    return chart.isLogX()
        ? value * Math.pow(x.max() / x.min(), share)
        : value + share * (x.max() - x.min());
  }

  /** A new XChart. */
  XYChart canvas() {
    // A legend of one row is below the plot, not below the whole picture.
    boolean oneRow = legendWidth() < WIDTH - Y_AXIS;
    int rows = oneRow ? 1 : series.size();
    XYChart canvas =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT + rows * LEGEND_ROW + (labelRotation() == 0 ? 0 : TURNED))
            .title(visible(chart.title()))
            .xAxisTitle(visible(chart.xLabel()))
            .yAxisTitle(visible(chart.yLabel()))
            .theme(ChartTheme.Matlab)
            .build();
    XYStyler style = canvas.getStyler();
    fonts(style);
    style.setLegendPosition(LegendPosition.OutsideS);
    style.setLegendLayout(oneRow ? LegendLayout.Horizontal : LegendLayout.Vertical);
    style.setLegendPadding(LEGEND_PADDING);
    style.setLegendSeriesLineLength(legendLine());
    style.setPlotGridLinesStroke(THIN);
    style.setLegendBorderColor(Color.WHITE);
    style.setPlotContentSize(1);
    style.setPlotGridLinesColor(GRID);
    style.setMarkerSize(8);
    style.setLocale(Locale.ROOT);
    verticalAxis(style);
    if (chart.kind() == Chart.Kind.BARS) {
      categories(style);
    } else {
      horizontalAxis(style);
    }
    return canvas;
  }

  private static void fonts(XYStyler style) {
    style.setBaseFont(TEXT);
    style.setAxisTickLabelsFont(TEXT);
    style.setAxisTitleFont(TEXT);
    style.setLegendFont(TEXT);
    style.setChartTitleFont(TITLE);
    style.setChartFontColor(INK);
    style.setAxisTickLabelsColor(INK);
    style.setChartBackgroundColor(Color.WHITE);
  }

  private void verticalAxis(XYStyler style) {
    style.setYAxisLogarithmic(chart.isLogY());
    style.setYAxisLogarithmicDecadeOnly(false);
    style.setYAxisMin(y.min());
    style.setYAxisMax(y.max());
    Ticks ticks = new Ticks(y.min(), y.max(), chart.isLogY(), false);
    style.setYAxisTickLabelsFormattingFunction(ticks::label);
  }

  private void horizontalAxis(XYStyler style) {
    style.setXAxisLogarithmic(chart.isLogX());
    style.setXAxisLogarithmicDecadeOnly(false);
    style.setXAxisMin(x.min());
    style.setXAxisMax(x.max());
    Ticks ticks = new Ticks(x.min(), x.max(), chart.isLogX(), true);
    style.setXAxisTickLabelsFormattingFunction(value -> {
      String label = ticks.label(value);
      return label.isBlank() ? label : label + LONGER;
    });
  }

  /** Category i lies at x = i. */
  private void categories(XYStyler style) {
    List<String> labels = chart.categories().stream().map(ChartFrame::shortened).toList();
    style.setXAxisMin(-0.5);
    style.setXAxisMax(Math.max(1, labels.size()) - 0.5);
    // Between 0.75 and 1.5 categories, XChart makes steps of one.
    style.setXAxisTickMarkSpacingHint((int) (0.85 * room()));
    style.setXAxisLabelRotation(labelRotation());
    style.setPlotGridVerticalLinesVisible(false);
    style.setXAxisTickLabelsFormattingFunction(x -> {
      int i = (int) Math.rint(x);
      boolean category = Math.abs(x - i) < 1e-6 && i >= 0 && i < labels.size();
      // Different at both ends: XChart leaves out an axis whose ends read the same.
      return category ? labels.get(i) : x < 0 ? " " : "  ";
    });
  }

  /** Pixels per category. */
  private double room() {
    return (WIDTH - Y_AXIS) / (double) Math.max(1, chart.categories().size());
  }

  /** Degrees by which the names of categories are turned to fit beside each other. */
  private int labelRotation() {
    double widest =
        chart.categories().stream()
            .mapToDouble(category -> width(shortened(category)))
            .max()
            .orElse(0);
    return widest < 0.8 * room() ? 0 : widest < room() ? 45 : 90;
  }

  /** A category as the axis shows it. */
  static String shortened(String label) {
    return label.length() <= LONGEST_LABEL
        ? visible(label)
        : label.substring(0, LONGEST_LABEL - 1).strip() + "…";
  }

  /** The name of a series in the legend. */
  String label(Series one) {
    return visible(one.label());
  }

  /** XChart cannot lay out an empty text. */
  private static String visible(String text) {
    return text.isBlank() ? " " : text;
  }

  private int legendLine() {
    return chart.kind() == Chart.Kind.LINES ? LEGEND_LINE : LEGEND_MARKER;
  }

  private double legendWidth() {
    return series.stream()
            .mapToDouble(one -> legendLine() + 2 * LEGEND_PADDING + width(label(one)))
            .sum()
        + 2 * LEGEND_PADDING;
  }

  private static double width(String text) {
    return TEXT.getStringBounds(text, new FontRenderContext(null, true, true)).getWidth();
  }
}
