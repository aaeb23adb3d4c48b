package io.github.tornadodiffusion.experiments.framework;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.Tolerance.Verdict;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.statistics.WarmUp;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Compares the figures of two runs of one program: equal, within the {@link Tolerance} of a figure,
 * or different.
 *
 * @param figures one for each kind of row and name
 */
public record RunComparison(List<Figure> figures) {
  /** Fields that number the runs of the same work. */
  private static final Set<String> RUN_NUMBERS = Set.of("index", "run");

  /**
   * All values of one name in one kind of row.
   *
   * @param tolerance of each value
   * @param equal how many are equal
   * @param within how many differ within the tolerance
   * @param different how many differ by more, or are missing in one run
   * @param largest the largest {@link Tolerance#difference}; 0 where all are equal
   * @param example the first different value, empty if there is none
   */
  public record Figure(
      String table,
      String name,
      Tolerance tolerance,
      int equal,
      int within,
      int different,
      double largest,
      String example) {
    /** The worst of its values. */
    public Verdict verdict() {
      if (different > 0) {
        return Verdict.DIFFERENT;
      }
      return within > 0 ? Verdict.WITHIN_TOLERANCE : Verdict.EQUAL;
    }
  }

  /**
   * Compares rows in their order within each unit and table. For measured figures the medians after
   * the warm-up are compared, over the rows of a unit that differ only in the number of the run,
   * because some of many runs are always delayed.
   *
   * @param factor how many times larger or smaller measured figures may be, see {@link Tolerance}
   */
  public static RunComparison of(List<Row> before, List<Row> now, double factor) {
    Map<List<String>, Tally> tallies = new LinkedHashMap<>();
    compareInOrder(before, now, tallies, factor);
    compareMedians(before, now, tallies, factor);
    List<Figure> figures = new ArrayList<>();
    tallies.forEach((key, tally) -> figures.add(tally.figure(key.getFirst())));
    return new RunComparison(List.copyOf(figures));
  }

  /**
   * The rows without figures that depend on the speed of the machine, for runs on different
   * machines.
   */
  public static List<Row> withoutMeasured(List<Row> rows) {
    List<Row> others = new ArrayList<>();
    for (Row row : rows) {
      Map<String, Object> values = new LinkedHashMap<>(row.values());
      values.keySet().removeIf(Figures::isMeasured);
      others.add(new Row(row.unit(), row.table(), values));
    }
    return others;
  }

  /** Compares figures that are not measured, and looks for missing rows. */
  private static void compareInOrder(
      List<Row> before, List<Row> now, Map<List<String>, Tally> tallies, double factor) {
    Map<List<String>, List<Row>> others = grouped(now, RunComparison::place);
    grouped(before, RunComparison::place)
        .forEach((place, rows) -> {
          List<Row> counterparts = others.getOrDefault(place, List.of());
          for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            Row other = i < counterparts.size() ? counterparts.get(i) : null;
            row.values()
                .forEach((name, value) -> {
                  if (other == null) {
                    tally(tallies, row, name, factor).missing(row.unit(), value);
                  } else if (!Figures.isMeasured(name)) {
                    tally(tallies, row, name, factor)
                        .add(row.unit(), value, other.values().get(name));
                  }
                });
          }
          if (counterparts.size() > rows.size()) {
            Row row = rows.getFirst();
            tally(tallies, row, "rows", factor).add(row.unit(), rows.size(), counterparts.size());
          }
        });
  }

  private static void compareMedians(
      List<Row> before, List<Row> now, Map<List<String>, Tally> tallies, double factor) {
    Map<List<String>, List<Row>> others = grouped(now, RunComparison::what);
    grouped(before, RunComparison::what)
        .forEach((what, rows) -> {
          List<Row> counterparts = others.getOrDefault(what, List.of());
          Row row = rows.getFirst();
          for (String name : row.values().keySet()) {
            if (Figures.isMeasured(name) && !counterparts.isEmpty()) {
              tally(tallies, row, name, factor)
                  .add(row.unit(), median(rows, name), median(counterparts, name));
            }
          }
        });
  }

  private static Tally tally(
      Map<List<String>, Tally> tallies, Row row, String name, double factor) {
    return tallies.computeIfAbsent(
        List.of(row.table(), name), key -> new Tally(Tolerance.of(name, factor), name));
  }

  /** The median of the runs after the warm-up; null if no row has the figure. */
  private static Double median(List<Row> rows, String name) {
    double[] values =
        rows.stream().mapToDouble(row -> row.number(name)).filter(Double::isFinite).toArray();
    if (values.length == 0) {
      return null;
    }
    int warmUps = WarmUp.length(values);
    return StatUtils.percentile(values, warmUps, values.length - warmUps, 50);
  }

  private static Map<List<String>, List<Row>> grouped(
      List<Row> rows, Function<Row, List<String>> by) {
    return rows.stream()
        .collect(Collectors.groupingBy(by, LinkedHashMap::new, Collectors.toList()));
  }

  private static List<String> place(Row row) {
    return List.of(row.unit(), row.table());
  }

  /**
   * The unit, the table and what identifies the row: its texts and whole numbers, except for the
   * number of the run.
   */
  private static List<String> what(Row row) {
    List<String> what = new ArrayList<>(place(row));
    row.values()
        .forEach((name, value) -> {
          boolean names =
              value instanceof String || value instanceof Integer || value instanceof Long;
          if (names && !Figures.isMeasured(name) && !RUN_NUMBERS.contains(name)) {
            what.add(name + " " + value);
          }
        });
    return what;
  }

  /** Whether no figure is different. */
  public boolean holds() {
    return figures.stream().noneMatch(figure -> figure.verdict() == Verdict.DIFFERENT);
  }

  /** The comparison as a table in Markdown. */
  public String markdown() {
    return Table.of(
            "",
            figures,
            column("rows", Figure::table),
            column("figure", Figure::name),
            column(
                "verdict",
                figure -> figure.verdict().name().toLowerCase(Locale.ROOT).replace('_', ' ')),
            column("tolerance", figure -> figure.tolerance().text()),
            column("equal", figure -> Integer.toString(figure.equal())),
            column("within tolerance", figure -> Integer.toString(figure.within())),
            column("different", figure -> Integer.toString(figure.different())),
            column("largest difference", RunComparison::largest),
            column("for instance", Figure::example))
        .markdown();
  }

  private static String largest(Figure figure) {
    if (figure.largest() == 0) {
      return "";
    }
    if (Double.isInfinite(figure.largest())) {
      return "from 0";
    }
    return String.format(
        Locale.ROOT, figure.tolerance().measured() ? "× %.2f" : "%.1e", figure.largest());
  }

  /** Counts the values of one figure. */
  private static final class Tally {
    private final String name;
    private final Tolerance tolerance;
    private final Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
    private double largest;
    private String example = "";

    Tally(Tolerance tolerance, String name) {
      this.tolerance = tolerance;
      this.name = name;
    }

    void missing(String unit, Object before) {
      count(unit, Verdict.DIFFERENT, before, "no row");
    }

    void add(String unit, Object before, Object now) {
      count(unit, tolerance.verdict(before, now), before, now);
    }

    private void count(String unit, Verdict verdict, Object before, Object now) {
      counts.merge(verdict, 1, Integer::sum);
      if (verdict != Verdict.EQUAL
          && before instanceof Number first
          && now instanceof Number second) {
        double difference = tolerance.difference(first.doubleValue(), second.doubleValue());
        largest = Math.max(largest, difference);
      }
      if (verdict == Verdict.DIFFERENT && example.isEmpty()) {
        example = "%s: %s, now %s".formatted(unit, before, now);
      }
    }

    Figure figure(String table) {
      return new Figure(
          table,
          name,
          tolerance,
          counts.getOrDefault(Verdict.EQUAL, 0),
          counts.getOrDefault(Verdict.WITHIN_TOLERANCE, 0),
          counts.getOrDefault(Verdict.DIFFERENT, 0),
          largest,
          example);
    }
  }
}
