package io.github.tornadodiffusion.experiments.report;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws the series of a {@link Chart} with XChart. */
final class ChartPainter {
  /** Longer lines have a band instead of error bars, and no markers. */
  private static final int LONG = 25;

  /** Pixels from the error bars of a series to those of the next. */
  private static final double BESIDE = 5;

  private static final int BAND = 45;
  private static final int BAR = 110;
  private static final BasicStroke THIN = new BasicStroke(1.5f);

  /** The share of a category's width that its bars fill. */
  private static final double FILLED = 0.8;

  private final Chart chart;
  private final List<Series> drawn;
  private final ChartFrame frame;
  private final XYChart canvas;

  ChartPainter(Chart chart) {
    this.chart = chart;
    drawn = chart.drawn();
    frame = new ChartFrame(chart, drawn);
    canvas = frame.canvas();
    for (int i = 0; i < drawn.size(); i++) {
      switch (chart.kind()) {
        case LINES -> line(i);
        case POINTS -> points(i);
        case BARS -> bars(i);
      }
    }
  }

  /** Width of the picture in pixels. */
  int width() {
    return canvas.getWidth();
  }

  /** Height of the picture in pixels. */
  int height() {
    return canvas.getHeight();
  }

  void paint(Graphics2D graphics) {
    canvas.paint(graphics, width(), height());
  }

  private void line(int index) {
    Series series = beside(index);
    boolean isLong = series.x().length > LONG;
    if (isLong) {
      band(index, series);
    } else {
      errorBars(index, series, Palette.colour(index));
    }
    if (series.x().length > 0) {
      XYSeries line = add("line " + index, series.x(), series.y(), Palette.colour(index));
      Marker marker = isLong ? SeriesMarkers.NONE : Palette.marker(index);
      line.setLineStyle(SeriesLines.NONE);
      line.setMarker(new Polyline(series.x().length, Palette.line(index), marker));
      // The legend shows line and marker of an extra series, whose single point draws no line.
      double[] x = {series.x()[0]};
      double[] y = {series.y()[0]};
      XYSeries legend = add("legend " + index, x, y, Palette.colour(index));
      legend.setLabel(frame.label(series));
      legend.setShowInLegend(true);
      legend.setLineStyle(Palette.line(index));
      legend.setMarker(marker);
    }
  }

  /**
   * Where several series have error bars, each is moved a little, so that bars at one x are beside
   * each other.
   */
  private Series beside(int index) {
    Series series = drawn.get(index);
    if (!chart.hasBarsBesideEachOther()) {
      return series;
    }
    double pixels = BESIDE * (index - (drawn.size() - 1) / 2.0);
    double[] x = Arrays.stream(series.x()).map(value -> frame.moved(value, pixels)).toArray();
    return new Series(series.label(), x, series.y(), series.intervals());
  }

  private void points(int index) {
    Series series = drawn.get(index);
    errorBars(index, series, Palette.colour(index));
    markers(index, series, Palette.colour(index));
  }

  private void markers(int index, Series series, Color colour) {
    if (series.x().length > 0) {
      XYSeries points = add("points " + index, series.x(), series.y(), colour);
      points.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
      points.setLabel(frame.label(series));
      points.setShowInLegend(true);
      points.setMarker(Palette.marker(index));
    }
  }

  private void bars(int index) {
    double width = FILLED / drawn.size();
    Series series = drawn.get(index);
    double left = -FILLED / 2 + index * width;
    double[] centres =
        IntStream.range(0, series.x().length)
            .mapToDouble(i -> series.x()[i] + left + width / 2)
            .toArray();
    Series placed = new Series(series.label(), centres, series.y(), series.intervals());
    Strokes path = new Strokes();
    double foot = chart.isLogY() ? frame.y().min() : 0;
    for (int i = 0; i < centres.length; i++) {
      double from = centres[i] - width / 2;
      double to = centres[i] + width / 2;
      path.to(from, foot).to(from, placed.y()[i]).to(to, placed.y()[i]).to(to, foot).lift();
    }
    area("bars " + index, path, Palette.translucent(Palette.colour(index), BAR));
    errorBars(index, placed, Color.DARK_GRAY);
    markers(index, placed, Palette.colour(index));
  }

  private void errorBars(int index, Series series, Color colour) {
    Strokes path = new Strokes();
    for (int i = 0; i < series.x().length; i++) {
      Interval interval = series.intervals()[i];
      if (interval != null) {
        path.to(series.x()[i], interval.low()).to(series.x()[i], interval.high()).lift();
      }
    }
    if (!path.isEmpty()) {
      XYSeries bars = add("intervals " + index, path.x(), path.y(), colour);
      bars.setLineStyle(THIN);
      bars.setMarker(new Caps());
    }
  }

  /**
   * A polygon for each stretch of points with intervals: forward along the lower ends, back along
   * the upper ones.
   */
  private void band(int index, Series series) {
    Strokes path = new Strokes();
    int start = 0;
    Interval[] intervals = series.intervals();
    for (int i = 0; i <= intervals.length; i++) {
      if (i == intervals.length || intervals[i] == null) {
        stretch(path, series, start, i);
        start = i + 1;
      }
    }
    area("band " + index, path, Palette.translucent(Palette.colour(index), BAND));
  }

  private static void stretch(Strokes path, Series series, int from, int to) {
    for (int i = from; i < to; i++) {
      path.to(series.x()[i], series.intervals()[i].low());
    }
    for (int i = to - 1; i >= from; i--) {
      path.to(series.x()[i], series.intervals()[i].high());
    }
    path.lift();
  }

  private void area(String name, Strokes path, Color colour) {
    if (!path.isEmpty()) {
      XYSeries area = add(name, path.x(), path.y(), colour);
      area.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
      area.setFillColor(colour);
      area.setLineStyle(SeriesLines.NONE);
      area.setMarker(SeriesMarkers.NONE);
    }
  }

  private XYSeries add(String name, double[] x, double[] y, Color colour) {
    XYSeries series = canvas.addSeries(name, x, y);
    series.setLineColor(colour);
    series.setMarkerColor(colour);
    series.setShowInLegend(false);
    return series;
  }
}
