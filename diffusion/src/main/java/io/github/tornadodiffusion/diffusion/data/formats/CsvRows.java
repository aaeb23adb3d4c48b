package io.github.tornadodiffusion.diffusion.data.formats;

import java.util.ArrayList;
import java.util.List;

/**
 * The rows of comma-separated values, as in <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC
 * 4180</a> : values in quotes may hold commas, line breaks and doubled quotes. Lines without any
 * value are skipped.
 */
final class CsvRows {
  private final String text;
  private int at;

  private CsvRows(String text) {
    this.text = text;
  }

  static List<List<String>> read(String text) {
    CsvRows reader = new CsvRows(text);
    List<List<String>> rows = new ArrayList<>();
    while (reader.at < text.length()) {
      List<String> row = reader.row();
      if (row.size() > 1 || !row.getFirst().isEmpty()) {
        rows.add(row);
      }
    }
    return rows;
  }

  private List<String> row() {
    List<String> row = new ArrayList<>();
    do {
      row.add(value());
    } while (at < text.length() && text.charAt(at++) == ',');
    return row;
  }

  /** A value; stops at the comma or line break after it. */
  private String value() {
    StringBuilder value = new StringBuilder();
    boolean quoted = false;
    for (; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '"' && quoted && at + 1 < text.length() && text.charAt(at + 1) == '"') {
        value.append(c);
        at++;
      } else if (c == '"' && (quoted || value.isEmpty())) {
        quoted = !quoted;
      } else if (!quoted && (c == ',' || c == '\n')) {
        break;
      } else if (quoted || c != '\r') {
        value.append(c);
      }
    }
    return value.toString();
  }
}
