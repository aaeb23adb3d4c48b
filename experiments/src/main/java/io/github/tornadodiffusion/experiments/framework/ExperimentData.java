package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The results of an experiment: its manifest, rows and pictures.
 *
 * @param manifest of the run
 * @param rows of all units in their order
 * @param pictures PNG by unit and name
 */
public record ExperimentData(
    JsonNode manifest, List<Row> rows, SequencedMap<String, byte[]> pictures) {
  /**
   * A row of raw data.
   *
   * @param unit the key of the unit that made it
   * @param table the kind of the row
   * @param values numbers as Long or Double, null for one that is not finite, texts and booleans
   */
  public record Row(String unit, String table, Map<String, Object> values) {
    /** A number, NaN if it is missing or not finite. */
    public double number(String name) {
      return values.get(name) instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    /** A value as text, empty if it is missing. */
    public String text(String name) {
      return Objects.toString(values.get(name), "");
    }
  }

  /**
   * Reads the directory of a run.
   *
   * @throws IOException in one line if it is not such a directory, or damaged
   */
  public static ExperimentData read(ExperimentDirectory directory) throws IOException {
    JsonNode manifest = directory.readManifest();
    List<Row> rows = new ArrayList<>();
    SequencedMap<String, byte[]> pictures = new LinkedHashMap<>();
    for (String key : directory.units(manifest)) {
      if (directory.isDone(key)) {
        read(directory.rows(key), key, rows);
        for (Path picture : directory.pictures(key)) {
          pictures.put(
              key + "/" + picture.getFileName().toString().replaceFirst("\\.png$", ""),
              Files.readAllBytes(picture));
        }
      }
    }
    return new ExperimentData(manifest, List.copyOf(rows), pictures);
  }

  private static void read(Path file, String unit, List<Row> rows) throws IOException {
    int number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      try {
        Map<String, Object> values = Json.object(line);
        rows.add(new Row(unit, Objects.toString(values.remove("table"), ""), values));
      } catch (JacksonException e) {
        throw new IOException(
            "%s is damaged in line %d: delete the file, and --resume makes it anew"
                .formatted(file, number),
            e);
      }
    }
  }

  /** The rows of one kind, in order. */
  public List<Row> table(String name) {
    return rows.stream().filter(row -> row.table().equals(name)).toList();
  }

  /** A picture of a unit. */
  public Optional<byte[]> picture(String unit, String name) {
    return Optional.ofNullable(pictures.get(unit + "/" + name));
  }

  /** A value of the experiment's configuration. */
  public JsonNode configured(String name) {
    return manifest.path(ExperimentRun.CONFIGURATION).path(name);
  }
}
