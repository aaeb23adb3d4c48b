package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.report.Csv;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * The rows of an experiment as tables for pandas, R or a spreadsheet: {@code summary.csv} with a
 * row for every unit, {@code samples.csv} with a row for every figure of samples, {@code
 * curves.csv} with all other rows. Every row says of which unit, seed, arm, schedule and step it
 * is.
 */
final class TidyTables {
  private static final List<String> PLACE = List.of("unit", "seed", "arm", "schedule", "step");
  private static final String TABLE = "table";
  private static final String SAMPLE_STEPS = "sample_steps";

  /** What tells the step of a row, the first that it has. */
  private static final List<String> STEPS =
      List.of("step", SAMPLE_STEPS, "timestep", "first_timestep", "run", "index");

  private static final Pattern UNIT = Pattern.compile("seed-(\\d+)(?:-(.+))?");

  private final ExperimentData data;

  /** By arm. */
  private final Map<String, String> schedules = new TreeMap<>();

  private TidyTables(ExperimentData data) {
    this.data = data;
    data.configured("arms")
        .forEach(arm ->
            schedules.put(arm.path("name").asString(""), arm.path("beta_schedule").asString("")));
  }

  /** Writes the tables that have rows. */
  static void write(ExperimentData data, Path directory) throws IOException {
    TidyTables tables = new TidyTables(data);
    // Kinds of which a unit has several rows.
    Set<String> repeated = new HashSet<>();
    Set<List<String>> seen = new HashSet<>();
    for (Row row : data.rows()) {
      if (!seen.add(List.of(row.unit(), row.table()))) {
        repeated.add(row.table());
      }
    }
    List<Row> single = new ArrayList<>();
    List<Row> samples = new ArrayList<>();
    List<Row> curves = new ArrayList<>();
    for (Row row : data.rows()) {
      List<Row> kind =
          row.values().containsKey(SAMPLE_STEPS)
              ? samples
              : !repeated.contains(row.table()) ? single : curves;
      kind.add(row);
    }
    if (!single.isEmpty()) {
      AtomicFiles.write(directory.resolve("summary.csv"), tables.summary(single));
    }
    if (!samples.isEmpty()) {
      AtomicFiles.write(directory.resolve("samples.csv"), tables.rows(samples));
    }
    if (!curves.isEmpty()) {
      AtomicFiles.write(directory.resolve("curves.csv"), tables.rows(curves));
    }
  }

  private String rows(List<Row> rows) {
    Set<String> columns = new LinkedHashSet<>();
    rows.forEach(row -> columns.addAll(row.values().keySet()));
    columns.remove("step");
    Csv csv = new Csv(header(Stream.concat(Stream.of(TABLE), columns.stream()).toList()));
    for (Row row : rows) {
      List<Object> values = place(row.unit(), step(row));
      values.add(row.table());
      columns.forEach(column -> values.add(row.values().get(column)));
      csv.row(values);
    }
    return csv.text();
  }

  /** A row for every unit; a column is named after the kind of its row and its name there. */
  private String summary(List<Row> rows) {
    Set<String> columns = new LinkedHashSet<>();
    Map<String, Map<String, Object>> units = new LinkedHashMap<>();
    for (Row row : rows) {
      Map<String, Object> unit = units.computeIfAbsent(row.unit(), key -> new LinkedHashMap<>());
      row.values()
          .forEach((name, value) -> {
            columns.add(row.table() + "." + name);
            unit.put(row.table() + "." + name, value);
          });
    }
    Csv csv = new Csv(header(List.copyOf(columns)));
    units.forEach((unit, values) -> {
      List<Object> cells = place(unit, trainingSteps());
      columns.forEach(column -> cells.add(values.get(column)));
      csv.row(cells);
    });
    return csv.text();
  }

  private static List<String> header(List<String> columns) {
    return Stream.concat(PLACE.stream(), columns.stream()).toList();
  }

  private List<Object> place(String unit, Object step) {
    Matcher parts = UNIT.matcher(unit);
    boolean seeded = parts.matches();
    String arm = seeded ? Objects.toString(parts.group(2), "") : "";
    JsonNode training = data.configured("training");
    List<Object> place = new ArrayList<>();
    place.add(unit);
    place.add(seeded ? parts.group(1) : text(training.path("seed")));
    place.add(arm);
    place.add(schedules.getOrDefault(arm, text(training.path("beta_schedule"))));
    place.add(step);
    return place;
  }

  private Object step(Row row) {
    return STEPS.stream()
        .map(row.values()::get)
        .filter(Objects::nonNull)
        .findFirst()
        .orElseGet(this::trainingSteps);
  }

  /** The steps of the training, which a figure of a whole model is of. */
  private Object trainingSteps() {
    return text(data.configured("training").path("steps"));
  }

  private static String text(JsonNode value) {
    return value.isValueNode() ? value.asString() : "";
  }
}
