package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.report.Table;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Compares the figures of two runs of one program. What does not depend on the machine's speed is
 * the same bit for bit on the same kind of machine; where it is not, it may still be close. What
 * was measured (see {@link Figures}) is only ever close.
 *
 * @param figures one for each kind of row and name
 */
record RunComparison(List<Figure> figures) {
  /** Quality that differs by less than this share counts as within tolerance. */
  static final double CLOSE = 1e-3;

  /** How two values compare. */
  enum Verdict {
    EQUAL,
    WITHIN_TOLERANCE,
    DIFFERENT
  }

  /**
   * All values of one name in one kind of row.
   *
   * @param equal how many are equal
   * @param within how many differ, but by no more than the tolerance
   * @param different how many differ by more, or are missing on one side
   * @param largest the largest ratio of a measured value to the other, or the largest relative
   *     difference of any other; 0 where all are equal
   * @param example of the first that is different, empty if none is
   */
  record Figure(
      String table,
      String name,
      boolean measured,
      int equal,
      int within,
      int different,
      double largest,
      String example) {
    Verdict verdict() {
      if (different > 0) {
        return Verdict.DIFFERENT;
      }
      return within > 0 ? Verdict.WITHIN_TOLERANCE : Verdict.EQUAL;
    }
  }

  /**
   * Compares rows in their order within each unit and table. Of a measured figure the medians over
   * these rows are compared: some of many runs are always held up.
   *
   * @param factor how many times larger or smaller a measured figure may be
   */
  static RunComparison of(List<Row> before, List<Row> now, double factor) {
    Map<String, List<Row>> others = byPlace(now);
    Map<List<String>, Tally> tallies = new LinkedHashMap<>();
    byPlace(before)
        .forEach((place, rows) -> {
          List<Row> counterparts = others.getOrDefault(place, List.of());
          Set<String> measured = new LinkedHashSet<>();
          for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            Row other = i < counterparts.size() ? counterparts.get(i) : null;
            for (Map.Entry<String, Object> value : row.values().entrySet()) {
              if (Figures.isMeasured(value.getKey()) && other != null) {
                measured.add(value.getKey());
                continue;
              }
              tallies
                  .computeIfAbsent(
                      List.of(row.table(), value.getKey()), k -> new Tally(k.getLast(), factor))
                  .add(
                      row.unit(),
                      value.getValue(),
                      other == null ? null : other.values().get(value.getKey()),
                      other != null);
            }
          }
          for (String name : measured) {
            tallies
                .computeIfAbsent(
                    List.of(rows.getFirst().table(), name), k -> new Tally(name, factor))
                .add(rows.getFirst().unit(), median(rows, name), median(counterparts, name), true);
          }
          if (counterparts.size() > rows.size()) {
            tallies
                .computeIfAbsent(
                    List.of(rows.getFirst().table(), "rows"), k -> new Tally("rows", factor))
                .add(rows.getFirst().unit(), (long) rows.size(), (long) counterparts.size(), true);
          }
        });
    List<Figure> figures = new ArrayList<>();
    tallies.forEach((key, tally) -> figures.add(tally.figure(key.getFirst())));
    return new RunComparison(List.copyOf(figures));
  }

  /** Null if no row has the figure. */
  private static Double median(List<Row> rows, String name) {
    double[] values =
        rows.stream().mapToDouble(row -> row.number(name)).filter(Double::isFinite).toArray();
    return values.length == 0 ? null : StatUtils.percentile(values, 50);
  }

  private static Map<String, List<Row>> byPlace(List<Row> rows) {
    Map<String, List<Row>> places = new LinkedHashMap<>();
    for (Row row : rows) {
      places.computeIfAbsent(row.unit() + "\n" + row.table(), k -> new ArrayList<>()).add(row);
    }
    return places;
  }

  /** Whether no figure is different. */
  boolean holds() {
    return figures.stream().noneMatch(figure -> figure.verdict() == Verdict.DIFFERENT);
  }

  /** A table for people. */
  String markdown() {
    List<List<String>> rows = new ArrayList<>();
    for (Figure figure : figures) {
      rows.add(
          List.of(
              figure.table(),
              figure.name(),
              figure.verdict().name().toLowerCase(Locale.ROOT).replace('_', ' '),
              Integer.toString(figure.equal()),
              Integer.toString(figure.within()),
              Integer.toString(figure.different()),
              figure.largest() == 0
                  ? ""
                  : String.format(
                      Locale.ROOT, figure.measured() ? "x %.2f" : "%.1e", figure.largest()),
              figure.example()));
    }
    return new Table(
            "",
            List.of(
                "rows",
                "figure",
                "verdict",
                "equal",
                "within tolerance",
                "different",
                "largest difference",
                "for instance"),
            rows)
        .markdown();
  }

  /** Counts the values of one figure. */
  private static final class Tally {
    private final String name;
    private final boolean measured;
    private final double factor;
    private final Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
    private double largest;
    private String example = "";

    Tally(String name, double factor) {
      this.name = name;
      this.measured = Figures.isMeasured(name);
      this.factor = factor;
    }

    void add(String unit, Object before, Object now, boolean there) {
      Verdict verdict = there ? verdict(before, now) : Verdict.DIFFERENT;
      counts.merge(verdict, 1, Integer::sum);
      if (verdict == Verdict.DIFFERENT && example.isEmpty()) {
        example = "%s: %s, now %s".formatted(unit, before, there ? now : "no row");
      }
    }

    private Verdict verdict(Object before, Object now) {
      if (Objects.equals(before, now)) {
        return Verdict.EQUAL;
      }
      if (!(before instanceof Number first && now instanceof Number second)) {
        return Verdict.DIFFERENT;
      }
      double a = first.doubleValue();
      double b = second.doubleValue();
      double difference =
          measured
              ? Math.max(a, b) / Math.min(a, b)
              : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
      largest = Math.max(largest, difference);
      return difference <= (measured ? factor : CLOSE)
          ? Verdict.WITHIN_TOLERANCE
          : Verdict.DIFFERENT;
    }

    Figure figure(String table) {
      return new Figure(
          table,
          name,
          measured,
          counts.getOrDefault(Verdict.EQUAL, 0),
          counts.getOrDefault(Verdict.WITHIN_TOLERANCE, 0),
          counts.getOrDefault(Verdict.DIFFERENT, 0),
          largest,
          example);
    }
  }
}
