package io.github.tornadodiffusion.diffusion.model;

import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The meaning of the classes of a model, in {@code class_labels.json} of its directory. diffusers
 * has no such file and ignores it.
 *
 * @param classes 0 .. classes - 1 are classes of images
 * @param nullClass the class of images without label, which classifier-free guidance starts from;
 *     null for none
 * @param names of the classes of images in their order; empty where they are not known
 */
public record ClassLabels(int classes, Integer nullClass, List<String> names) {
  private static final String FILE = "class_labels.json";
  private static final String CLASSES = "classes";
  private static final String NULL_CLASS = "null_class";
  private static final String NAMES = "names";

  /** More than these in a message would hide what it says. */
  private static final int MOST_LISTED = 20;

  /**
   * Checks the names.
   *
   * @throws IllegalArgumentException in one line if there are some, but not one a class
   */
  public ClassLabels {
    names = List.copyOf(names);
    if (!names.isEmpty() && names.size() != classes) {
      throw new IllegalArgumentException(
          "it has names for %d classes and speaks of %d: correct or remove it"
              .formatted(names.size(), classes));
    }
  }

  /** Classes without names. */
  public ClassLabels(int classes, Integer nullClass) {
    this(classes, nullClass, List.of());
  }

  /** The name of a label: that of its class, or its number where there is none. */
  public String name(int label) {
    if (nullClass != null && label == nullClass) {
      return "none";
    }
    return label < names.size() ? names.get(label) : Integer.toString(label);
  }

  /** Which labels there are, in words: {@code 0 (cats), 1 (dogs); 2 stands for none}. */
  public String describe() {
    String all =
        names.isEmpty() || classes > MOST_LISTED
            ? "0 to " + (classes - 1)
            : IntStream.range(0, classes)
                .mapToObj(i -> "%d (%s)".formatted(i, names.get(i)))
                .collect(Collectors.joining(", "));
    return nullClass == null ? all : all + "; " + nullClass + " stands for none";
  }

  /**
   * Reads the file of a model's directory; without it every embedding is a class of images.
   *
   * @param embeddings of classes that the model has; null for none
   * @return null for a model without classes
   * @throws IOException in one line if the file is damaged or does not fit the model
   */
  public static ClassLabels read(Path directory, Integer embeddings) throws IOException {
    if (embeddings == null) {
      return null;
    }
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return new ClassLabels(embeddings, null);
    }
    return Json.read(
        file,
        fields -> {
          int classes = fields.integer(CLASSES, embeddings);
          int nullClass = fields.integer(NULL_CLASS, -1);
          if (classes < 1 || classes > embeddings || nullClass >= embeddings) {
            throw new IllegalArgumentException(
                "it speaks of %d classes, the model has %d: remove it"
                    .formatted(Math.max(classes, nullClass + 1), embeddings));
          }
          return new ClassLabels(
              classes, nullClass < 0 ? null : nullClass, fields.strings(NAMES, List.of()));
        });
  }

  /**
   * Writes the file into a model's directory.
   *
   * @throws IOException in one line if it cannot be written
   */
  public void write(Path directory) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put(CLASSES, classes);
    if (nullClass != null) {
      fields.put(NULL_CLASS, nullClass);
    }
    if (!names.isEmpty()) {
      fields.put(NAMES, names);
    }
    Json.write(directory.resolve(FILE), fields);
  }
}
