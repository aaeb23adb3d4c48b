package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Labels in files beside the images, in directories and archives alike: {@code dataset.json} as
 * StyleGAN's and EDM's tools write it, {@code metadata.csv} and {@code metadata.jsonl} with a
 * column {@code file_name} as the library {@code datasets} reads them, and WebDataset's {@code
 * NAME.cls}. The paths in a file are relative to its directory.
 *
 * <p>If there is such a file, directories are not classes. A warning names other kinds of data
 * beside the images.
 */
final class LabelFiles {
  private static final List<String> COLUMNS =
      List.of("label", "labels", "fine_label", "class", "class_name", "category");
  private static final String FILE_NAME = "file_name";
  private static final String CLS = ".cls";
  private static final Pattern WHOLE = Pattern.compile("[0-9]{1,7}(\\.0*)?");
  private static final Pattern NEGATIVE = Pattern.compile("-[0-9]+(\\.0*)?");
  private static final Pattern NUMBER = Pattern.compile("-?[0-9]*\\.?[0-9]+([eE][-+]?[0-9]+)?");

  /**
   * Files that may contain labels, or images that are not read: of other formats, or packed once
   * more. A text with the name of an image is a caption.
   */
  private static final Pattern DATA =
      Pattern.compile(
          ".*\\.(csv|tsv|json|jsonl|ndjson|parquet|xml|mat|npy|npz|pkl|h5|hdf5|tfrecord|arrow"
              + "|tiff?|heic|heif|avif|jxl|jp2|j2k|p[bgpn]m|tga|svg|psd|exr|hdr|ico|dng|cr2|nef"
              + "|zip|tar|tgz|tbz2?|txz|gz|bz2|xz|zst|7z|rar|mp4|mov|avi|webm)");

  private static final Pattern LABEL_TEXT =
      Pattern.compile(".*(label|class|annotation|attr|caption|metadata)[^/]*\\.txt");

  /** Larger numbers are treated as names. */
  private static final int MOST_CLASSES = 1 << 20;

  private final FileTree tree;
  private final Map<String, List<String>> byStem = new HashMap<>();
  private final Map<String, String> labels = new HashMap<>();
  private final List<String> sources = new ArrayList<>();
  private final List<String> classNames;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final List<String> warnings = new ArrayList<>();

  /**
   * Reads the labels.
   *
   * @param images the paths of all images
   */
  LabelFiles(FileTree tree, Set<String> images) {
    this.tree = tree;
    images.forEach(image -> byStem.computeIfAbsent(stem(image), s -> new ArrayList<>()).add(image));
    List<String> others = new ArrayList<>();
    for (String path : tree.paths()) {
      if (!images.contains(path) && !read(path) && mayTell(path)) {
        others.add(path);
      }
    }
    if (!others.isEmpty()) {
      warn(
          "%d files beside the images in %s are not read, such as %s",
          others.size(), tree.place(), others.getFirst());
    }
    int named = labels.size();
    labels.keySet().retainAll(images);
    if (labels.size() < named) {
      warn("%d names in %s are of no image in %s", named - labels.size(), sources(), tree.place());
    }
    labels.values().removeIf(label -> label.isEmpty() || NEGATIVE.matcher(label).matches());
    classNames = classes();
    classNames.forEach(name -> numbers.put(name, numbers.size()));
  }

  private void warn(String format, Object... values) {
    warnings.add(Messages.line(format.formatted(values)));
  }

  /** Reads a file if its kind is known. */
  private boolean read(String path) {
    String directory = path.substring(0, path.lastIndexOf('/') + 1);
    String name = path.substring(directory.length());
    try {
      return switch (name) {
        case "dataset.json" -> dataset(path, directory);
        case "metadata.csv" -> csv(path, directory);
        case "metadata.jsonl" -> jsonLines(path, directory);
        default -> name.endsWith(CLS) && cls(path);
      };
    } catch (IOException | JacksonException e) {
      // Even if it is unreadable, directories are not the classes.
      sources.add(path);
      String why = e instanceof JacksonException json ? json.getOriginalMessage() : e.getMessage();
      warn("%s in %s cannot be read: %s", path, tree.place(), why);
      return true;
    }
  }

  private String text(String path) throws IOException {
    String text = new String(tree.content(path), StandardCharsets.UTF_8);
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  /** An object whose labels are pairs of a path and a number or a vector, or null. */
  private boolean dataset(String path, String directory) throws IOException {
    JsonNode labels = Json.tree(text(path)).path("labels");
    if (!labels.isArray() && !labels.isNull()) {
      return false;
    }
    sources.add(path);
    if (labels.isNull()) {
      warn("%s in %s says that its images have no labels", path, tree.place());
    }
    boolean vectors = false;
    for (JsonNode pair : labels) {
      JsonNode label = pair.path(1);
      if (label.isArray()) {
        int hot = hot(label);
        vectors |= hot < 0;
        put(directory, pair.path(0).asString(""), hot < 0 ? "" : Integer.toString(hot));
      } else {
        put(directory, pair.path(0).asString(""), value(label));
      }
    }
    if (vectors) {
      warn("%s in %s has vectors for labels, which are no classes", path, tree.place());
    }
    return true;
  }

  /** The index of the only number that is one if all others are zero, or -1. */
  private static int hot(JsonNode vector) {
    int hot = -1;
    for (int i = 0; i < vector.size(); i++) {
      double value = vector.path(i).asDouble(Double.NaN);
      if (value == 1 && hot < 0) {
        hot = i;
      } else if (value != 0) {
        return -1;
      }
    }
    return hot;
  }

  private static String value(JsonNode label) {
    return label.isValueNode() && !label.isNull() ? label.asString() : "";
  }

  private boolean csv(String path, String directory) throws IOException {
    List<List<String>> rows = CsvRows.read(text(path));
    List<String> header = rows.isEmpty() ? List.of() : rows.getFirst();
    int file = header.indexOf(FILE_NAME);
    String column = column(path, header);
    if (file < 0) {
      return false;
    }
    int label = header.indexOf(column);
    for (List<String> row : rows.subList(1, rows.size())) {
      if (row.size() > file) {
        put(directory, row.get(file), label < 0 || label >= row.size() ? "" : row.get(label));
      }
    }
    return true;
  }

  private boolean jsonLines(String path, String directory) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    Set<String> header = new TreeSet<>();
    for (String line : (Iterable<String>) text(path).lines().filter(l -> !l.isBlank())::iterator) {
      rows.add(Json.tree(line));
      header.addAll(rows.getLast().propertyNames());
    }
    String column = column(path, List.copyOf(header));
    if (!header.contains(FILE_NAME)) {
      return false;
    }
    for (JsonNode row : rows) {
      put(directory, row.path(FILE_NAME).asString(""), value(row.path(column)));
    }
    return true;
  }

  /** The column of labels, or an empty text. */
  private String column(String path, List<String> header) {
    if (!header.contains(FILE_NAME)) {
      return "";
    }
    sources.add(path);
    for (String column : COLUMNS) {
      if (header.contains(column)) {
        return column;
      }
    }
    warn(
        "%s in %s has no column label but %s: its images have no classes",
        path, tree.place(), String.join(", ", header));
    return "";
  }

  /** Reads a text that is the class of the images with the same name. */
  private boolean cls(String path) throws IOException {
    List<String> its = byStem.get(stem(path));
    if (its == null) {
      return false;
    }
    if (!sources.contains(CLS)) {
      sources.add(CLS);
    }
    String label = Messages.line(text(path).strip());
    its.forEach(image -> labels.put(image, label));
    return true;
  }

  /**
   * The path up to the first point in the name of the file, which is the name of a sample in
   * WebDataset.
   */
  private static String stem(String path) {
    int point = path.indexOf('.', path.lastIndexOf('/') + 1);
    return point < 0 ? path : path.substring(0, point);
  }

  private void put(String directory, String name, String label) {
    labels.put(directory + ArchiveFiles.path(name), Messages.line(label.strip()));
  }

  private boolean mayTell(String path) {
    String name = path.toLowerCase(Locale.ROOT);
    boolean caption = name.endsWith(".txt") && byStem.containsKey(stem(path));
    return caption || DATA.matcher(name).matches() || LABEL_TEXT.matcher(name).matches();
  }

  /** Numbers are the classes themselves; texts are numbered in their order. */
  private List<String> classes() {
    Set<String> values = new TreeSet<>(labels.values());
    if (values.stream().allMatch(label -> WHOLE.matcher(label).matches())) {
      int most = values.stream().mapToInt(LabelFiles::number).max().orElse(-1);
      if (most < MOST_CLASSES) {
        labels.replaceAll((path, label) -> Integer.toString(number(label)));
        return IntStream.rangeClosed(0, most).mapToObj(Integer::toString).toList();
      }
    } else if (values.stream().allMatch(label -> NUMBER.matcher(label).matches())) {
      warn("the labels in %s are fractions, which are no classes", sources());
      return List.of();
    }
    return List.copyOf(values);
  }

  private static int number(String label) {
    return Integer.parseInt(label.replaceFirst("\\..*", ""));
  }

  /** Whether there are files of labels, so that directories are not classes. */
  boolean areThere() {
    return !sources.isEmpty();
  }

  /** The files that contain the labels. */
  String sources() {
    return String.join(" and ", sources);
  }

  /** The class of an image, or -1. */
  int label(String path) {
    return numbers.getOrDefault(labels.get(path), -1);
  }

  /** The classes' names in the order of the labels; empty if there are none. */
  List<String> classNames() {
    return classNames;
  }

  /** What is not read or not used, one line each. */
  List<String> warnings() {
    return warnings;
  }
}
