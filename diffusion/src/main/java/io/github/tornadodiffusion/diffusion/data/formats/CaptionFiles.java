package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Captions beside images: {@code metadata.jsonl} and {@code metadata.csv} with a column {@code
 * file_name}, as the library {@code datasets} reads them, and texts with the name of an image.
 *
 * @param column of the captions
 */
record CaptionFiles(FileTree tree, String column) {
  private static final String FILE_NAME = "file_name";
  private static final String TEXT = ".txt";

  /**
   * The captions by the paths of the images.
   *
   * @throws IOException in one line if there are none or a file cannot be read
   */
  Map<String, String> read() throws IOException {
    Map<String, String> captions = new HashMap<>();
    Map<String, String> texts = new HashMap<>();
    for (String path : tree.paths()) {
      String directory = path.substring(0, path.lastIndexOf('/') + 1);
      String name = path.substring(directory.length());
      try {
        if (name.equals("metadata.csv")) {
          rows(path, directory, captions);
        } else if (name.equals("metadata.jsonl")) {
          lines(path, directory, captions);
        } else if (name.endsWith(TEXT)) {
          texts.put(path.substring(0, path.length() - TEXT.length()), text(path).strip());
        }
      } catch (JacksonException e) {
        throw new IOException(
            "%s in %s cannot be read: %s".formatted(path, tree.place(), e.getOriginalMessage()), e);
      }
    }
    for (String path : tree.paths()) {
      int point = path.lastIndexOf('.');
      String caption = point < 0 ? null : texts.get(path.substring(0, point));
      if (caption != null) {
        captions.putIfAbsent(path, caption);
      }
    }
    captions.values().removeIf(String::isBlank);
    return captions;
  }

  private String text(String path) throws IOException {
    return new String(tree.content(path), StandardCharsets.UTF_8).replaceFirst("^\uFEFF", "");
  }

  private void rows(String path, String directory, Map<String, String> captions)
      throws IOException {
    List<List<String>> rows = CsvRows.read(text(path));
    int file = rows.isEmpty() ? -1 : rows.getFirst().indexOf(FILE_NAME);
    int text = rows.isEmpty() ? -1 : rows.getFirst().indexOf(column);
    if (file < 0 || text < 0) {
      throw noColumn(path, rows.isEmpty() ? List.of() : rows.getFirst());
    }
    for (List<String> row : rows.subList(1, rows.size())) {
      if (row.size() > Math.max(file, text)) {
        captions.put(directory + ArchiveFiles.path(row.get(file)), row.get(text).strip());
      }
    }
  }

  private void lines(String path, String directory, Map<String, String> captions)
      throws IOException {
    for (String line : (Iterable<String>) text(path).lines().filter(l -> !l.isBlank())::iterator) {
      JsonNode row = Json.tree(line);
      if (!row.has(FILE_NAME) || !row.has(column)) {
        throw noColumn(path, List.copyOf(row.propertyNames()));
      }
      captions.put(
          directory + ArchiveFiles.path(row.path(FILE_NAME).asString("")),
          row.path(column).asString("").strip());
    }
  }

  private IOException noColumn(String path, List<String> columns) {
    return new IOException(
        "%s in %s has the columns %s and needs %s and %s; name the column of captions with"
                .formatted(path, tree.place(), String.join(", ", columns), FILE_NAME, column)
            + " --caption-column");
  }
}
