package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.RunLock;
import io.github.tornadodiffusion.nn.io.AtomicDirectories;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The files of an experiment: {@code manifest.json}, raw rows in {@code rows/UNIT.jsonl}, pictures
 * in {@code rows/UNIT/NAME.png}, and what is made from them: {@code report.html}, {@code
 * report.md}, {@code pictures/}.
 *
 * @param path the directory
 */
public record ExperimentDirectory(Path path) {
  private static final String LINES = ".jsonl";

  /** Command, configuration, versions and machine. */
  public Path manifest() {
    return path.resolve("manifest.json");
  }

  private Path data() {
    return path.resolve("rows");
  }

  Path rows(String unit) {
    return data().resolve(unit + LINES);
  }

  private Path picture(String unit, String name) {
    return data().resolve(unit).resolve(name + OutputFiles.PNG);
  }

  /** What a unit that is not complete needs to go on. */
  Path unfinished(String unit) {
    return path.resolve("unfinished").resolve(unit);
  }

  /** Removes what a unit that is complete needed. */
  private void removeUnfinished(String unit) throws IOException {
    AtomicDirectories.remove(unfinished(unit));
    Path all = unfinished(unit).getParent();
    try (Stream<Path> others = Files.isDirectory(all) ? Files.list(all) : Stream.of(all)) {
      if (others.findAny().isPresent()) {
        return;
      }
    }
    Files.delete(all);
  }

  /** The pictures of a unit by name. */
  List<Path> pictures(String unit) throws IOException {
    Path directory = data().resolve(unit);
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(OutputFiles.PNG)).sorted().toList();
    }
  }

  /** Whether a unit is complete. */
  public boolean isDone(String unit) {
    return Files.isRegularFile(rows(unit));
  }

  /**
   * Keeps a unit's results; it is complete from then on.
   *
   * @param rows one object per row
   * @param pictures PNG by name
   */
  public void keep(
      String unit, List<Map<String, Object>> rows, SequencedMap<String, byte[]> pictures)
      throws IOException {
    AtomicFiles.makeDirectory(pictures.isEmpty() ? data() : data().resolve(unit));
    for (Map.Entry<String, byte[]> picture : pictures.entrySet()) {
      AtomicFiles.write(picture(unit, picture.getKey()), picture.getValue());
    }
    StringBuilder lines = new StringBuilder();
    rows.forEach(row -> lines.append(Json.line(row)).append('\n'));
    // The rows are written last, because their file marks the unit as complete.
    AtomicFiles.write(rows(unit), lines.toString());
    removeUnfinished(unit);
  }

  /** Copies a unit from another directory. */
  public void copy(ExperimentDirectory from, String unit) throws IOException {
    List<Path> pictures = from.pictures(unit);
    AtomicFiles.makeDirectory(pictures.isEmpty() ? data() : data().resolve(unit));
    for (Path picture : pictures) {
      AtomicFiles.write(
          data().resolve(unit).resolve(picture.getFileName()), Files.readAllBytes(picture));
    }
    AtomicFiles.write(rows(unit), Files.readAllBytes(from.rows(unit)));
  }

  /** The files of units, for {@link #unpack} on another machine. */
  byte[] pack(List<String> units) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(packed)) {
      for (String unit : units) {
        List<Path> files = new ArrayList<>(pictures(unit));
        // The rows come last here too.
        files.add(rows(unit));
        for (Path file : files) {
          zip.putNextEntry(new ZipEntry(data().relativize(file).toString()));
          Files.copy(file, zip);
        }
      }
    }
    return packed.toByteArray();
  }

  /** Keeps units that were done elsewhere. */
  void unpack(byte[] packed) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(packed))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = data().resolve(entry.getName());
        AtomicFiles.makeDirectory(file.getParent());
        AtomicFiles.write(file, zip.readAllBytes());
      }
    }
  }

  /**
   * The manifest of the experiment here.
   *
   * @throws IOException in one line if there is none, or it is damaged
   */
  public JsonNode readManifest() throws IOException {
    if (!Files.isRegularFile(manifest())) {
      throw new IOException(
          "%s holds no experiment (it has no manifest.json): name the directory of one"
              .formatted(path));
    }
    JsonNode manifest;
    try {
      manifest = Json.tree(Files.readString(manifest()));
    } catch (JacksonException e) {
      throw new IOException(
          "%s is damaged: run the experiment anew in another directory".formatted(manifest()), e);
    }
    if (!manifest.path(ExperimentRun.EXPERIMENT).isString()
        || !manifest.path(ExperimentRun.UNITS).isArray()) {
      throw new IOException(
          "%s is not that of an experiment: name the directory of one".formatted(manifest()));
    }
    return manifest;
  }

  /** The keys of all units of the experiment, as its manifest lists them. */
  public List<String> units(JsonNode manifest) {
    List<String> keys = new ArrayList<>();
    manifest.path(ExperimentRun.UNITS).forEach(key -> keys.add(key.asString()));
    return keys;
  }

  /**
   * Locks out other processes and removes incomplete files that killed ones left.
   *
   * @throws IOException in one line if another process is at work here
   */
  @SuppressWarnings("MustBeClosedChecker") // the caller closes it
  RunLock lock() throws IOException {
    RunLock lock = RunLock.of(path.resolve(".lock"), path);
    try {
      AtomicFiles.removeLeftovers(path);
      AtomicFiles.removeLeftovers(data());
      return lock;
    } catch (IOException e) {
      lock.close();
      throw e;
    }
  }

  /** Prints where the report is. */
  public void announce(PrintWriter out) {
    out.println("report     " + path.resolve("report.html") + ", " + path.resolve("report.md"));
    out.println("rows       " + path.resolve("rows"));
    out.println("manifest   " + manifest());
    out.flush();
  }
}
