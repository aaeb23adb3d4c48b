package io.github.tornadodiffusion.experiments.report;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A chart of a report. Every method returns a new chart and does not change this one. Values that
 * are not finite, and on a logarithmic axis those that are not positive, are left out, and the
 * caption says how many.
 */
public record Chart(
    Kind kind,
    String name,
    String title,
    String xLabel,
    String yLabel,
    boolean isLogX,
    boolean isLogY,
    String caption,
    List<Series> series,
    List<String> categories) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*");

  /** So few values of x that there is room between them. */
  private static final int FEW = 10;

  /** How values are drawn. */
  enum Kind {
    LINES,
    POINTS,
    BARS
  }

  /**
   * Copies the lists; charts begin with {@link #lines}, {@link #points} and {@link #bars}.
   *
   * @throws IllegalArgumentException for a name that is no plain file name
   */
  public Chart {
    checkName(name);
    series = List.copyOf(series);
    categories = List.copyOf(categories);
  }

  private static Chart empty(Kind kind, String name, String title, String xLabel, String yLabel) {
    return new Chart(kind, name, title, xLabel, yLabel, false, false, "", List.of(), List.of());
  }

  /** Refuses anything but a plain file name. */
  static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "'%s' cannot name a picture; use letters, digits, '-', '_' and '.'".formatted(name));
    }
  }

  /**
   * A chart of lines through points.
   *
   * @param name of its files, unique within the report
   * @param xLabel with the unit
   * @param yLabel with the unit
   * @throws IllegalArgumentException for a name that is no plain file name
   */
  public static Chart lines(String name, String title, String xLabel, String yLabel) {
    return empty(Kind.LINES, name, title, xLabel, yLabel);
  }

  /** A chart of single points, see {@link #lines}. */
  public static Chart points(String name, String title, String xLabel, String yLabel) {
    return empty(Kind.POINTS, name, title, xLabel, yLabel);
  }

  /** A chart of bars in groups, one group for each category, see {@link #lines}. */
  public static Chart bars(String name, String title, String xLabel, String yLabel) {
    return empty(Kind.BARS, name, title, xLabel, yLabel);
  }

  /**
   * With a logarithmic x axis.
   *
   * @throws IllegalArgumentException for bars, which have categories there
   */
  public Chart logX() {
    if (kind == Kind.BARS) {
      throw new IllegalArgumentException(
          "the x axis of bars has categories, which cannot be logarithmic; use logY or points");
    }
    return new Chart(kind, name, title, xLabel, yLabel, true, isLogY, caption, series, categories);
  }

  /** With a logarithmic y axis; bars then begin at the bottom of the chart. */
  public Chart logY() {
    return new Chart(kind, name, title, xLabel, yLabel, isLogX, true, caption, series, categories);
  }

  /** With another series. */
  public Chart series(String label, double[] x, double[] y) {
    return series(label, x, y, null);
  }

  /**
   * With another series.
   *
   * @param label its name in the legend
   * @param intervals one for each point, drawn as error bars, on long lines as a band; null for
   *     none, single ones may be null or undefined
   * @throws IllegalArgumentException for bars and for different lengths
   */
  public Chart series(String label, double[] x, double[] y, Interval[] intervals) {
    if (kind == Kind.BARS) {
      throw new IllegalArgumentException("bars have categories, no x; use bars");
    }
    return with(new Series(label, x, y, intervals), categories);
  }

  /**
   * With another bar in each group.
   *
   * @param label its name in the legend
   * @param categories the groups; new ones come after those of earlier bars
   * @param intervals one for each bar, may be null
   * @throws IllegalArgumentException if this is no chart of bars, and for different lengths
   */
  public Chart bars(String label, List<String> categories, double[] values, Interval[] intervals) {
    if (kind != Kind.BARS) {
      throw new IllegalArgumentException("lines and points have no categories; use series");
    }
    Set<String> all = new LinkedHashSet<>(this.categories);
    all.addAll(categories);
    List<String> order = List.copyOf(all);
    double[] x = categories.stream().mapToDouble(order::indexOf).toArray();
    return with(new Series(label, x, values, intervals), order);
  }

  private Chart with(Series more, List<String> newCategories) {
    List<Series> all = new ArrayList<>(series);
    all.add(more);
    return new Chart(
        kind, name, title, xLabel, yLabel, isLogX, isLogY, caption, all, newCategories);
  }

  /** With a text below it, see {@link Report#paragraph} for its marks. */
  public Chart caption(String text) {
    return new Chart(kind, name, title, xLabel, yLabel, isLogX, isLogY, text, series, categories);
  }

  /**
   * The picture, two pixels for each of the chart.
   *
   * @throws IOException if it cannot be drawn, for instance because the system has no fonts
   */
  public BufferedImage image() throws IOException {
    return Pictures.image(this);
  }

  /** The caption, with notes about omitted values and shortened names. */
  String fullCaption() {
    List<String> sentences = new ArrayList<>();
    if (!caption.isEmpty()) {
      sentences.add(caption);
    }
    if (hasBarsBesideEachOther()) {
      sentences.add("Intervals at one place are drawn beside each other.");
    }
    series.forEach(s -> sentences.addAll(s.leftOut(isLogX, isLogY)));
    for (String category : categories) {
      String shown = ChartFrame.shortened(category);
      if (shown.endsWith("…") && !shown.equals(category)) {
        sentences.add("“%s” is %s.".formatted(shown, category));
      }
    }
    return String.join(" ", sentences);
  }

  /**
   * Whether error bars of several lines are drawn beside each other because they would overlap:
   * only for few points, because the lines move with them.
   */
  boolean hasBarsBesideEachOther() {
    if (kind != Kind.LINES) {
      return false;
    }
    List<Series> barred = drawn().stream().filter(Series::hasIntervals).toList();
    long places = barred.stream().flatMapToDouble(s -> Arrays.stream(s.x())).distinct().count();
    long points = barred.stream().mapToLong(s -> s.x().length).sum();
    return places <= FEW && points > places;
  }

  /**
   * The points as CSV: the name of the series, x (of bars the category), y and the ends of the
   * interval. Those that the axes cannot show are there, too.
   */
  String points() {
    String x = kind == Kind.BARS ? "category" : "x";
    Csv csv = new Csv(List.of("series", x, "y", "low", "high"));
    for (Series one : series) {
      for (int i = 0; i < one.x().length; i++) {
        Interval interval = one.intervals()[i] == null ? Interval.UNDEFINED : one.intervals()[i];
        Object place = kind == Kind.BARS ? categories.get((int) one.x()[i]) : (Object) one.x()[i];
        csv.row(List.of(one.label(), place, one.y()[i], interval.low(), interval.high()));
      }
    }
    return csv.text();
  }

  /** The parts of the series that are drawn. */
  List<Series> drawn() {
    return series.stream().map(s -> s.drawable(isLogX, isLogY)).toList();
  }
}
