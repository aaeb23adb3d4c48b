package io.github.tornadodiffusion.diffusion.text;

import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The {@code tokenizer} directory of a pipeline, as transformers' CLIPTokenizer writes it. */
final class TokenizerFiles {
  private static final String VOCABULARY = "vocab.json";
  private static final String MERGES = "merges.txt";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String SPECIAL = "special_tokens_map.json";
  private static final String ADDED = "added_tokens.json";
  private static final String DECODER = "added_tokens_decoder";
  private static final String MAX_LENGTH = "model_max_length";
  private static final int DEFAULT_LENGTH = 77;

  private TokenizerFiles() {}

  static ClipTokenizer.Vocabulary read(Path directory) throws IOException {
    Map<String, Integer> ids = ids(directory.resolve(VOCABULARY));
    JsonFields config = optional(directory.resolve(CONFIG));
    JsonFields special = optional(directory.resolve(SPECIAL));
    Map<String, Integer> added = new LinkedHashMap<>();
    JsonFields decoder = config.object(DECODER);
    for (String id : decoder.keys()) {
      added.put(decoder.object(id).string("content", ""), number(directory, id));
    }
    if (Files.exists(directory.resolve(ADDED))) {
      added.putAll(ids(directory.resolve(ADDED)));
    }
    // Files with the list of added tokens are complete; older ones name special tokens apart.
    List<JsonFields> sources =
        config.has(DECODER) ? List.of(config, special) : List.of(special, config);
    try {
      return new ClipTokenizer.Vocabulary(
          ids,
          merges(directory.resolve(MERGES)),
          added,
          token(sources, "bos_token", ClipTokenizer.START),
          token(sources, "eos_token", ClipTokenizer.END),
          token(sources, "unk_token", ClipTokenizer.END),
          token(sources, "pad_token", ClipTokenizer.END),
          length(config));
    } catch (IllegalArgumentException e) {
      throw new IOException(Messages.line(directory + ": " + e.getMessage()), e);
    }
  }

  private static int number(Path directory, String id) throws IOException {
    try {
      return Integer.parseInt(id);
    } catch (NumberFormatException e) {
      throw new IOException(
          "%s: added_tokens_decoder has the id %s; ids are whole numbers"
              .formatted(directory.resolve(CONFIG), Messages.piece(id)),
          e);
    }
  }

  /** A huge number stands for no limit there. */
  private static int length(JsonFields config) {
    double length = config.number(MAX_LENGTH, DEFAULT_LENGTH);
    return length >= 2 && length <= 1 << 20 ? (int) length : DEFAULT_LENGTH;
  }

  private static String token(List<JsonFields> sources, String key, String fallback) {
    for (JsonFields source : sources) {
      if (source.isObject(key)) {
        return source.object(key).string("content", fallback);
      }
      if (source.hasValue(key)) {
        return source.string(key, fallback);
      }
    }
    return fallback;
  }

  private static JsonFields optional(Path file) throws IOException {
    return Files.exists(file) ? Json.read(file, fields -> fields) : JsonFields.parse("{}");
  }

  private static Map<String, Integer> ids(Path file) throws IOException {
    return Json.read(
        file,
        fields -> {
          Map<String, Integer> ids = new LinkedHashMap<>();
          fields.keys().forEach(token -> ids.put(token, fields.integer(token, 0)));
          return ids;
        });
  }

  private static List<List<String>> merges(Path file) throws IOException {
    List<List<String>> merges = new ArrayList<>();
    for (String line : Files.readString(file, StandardCharsets.UTF_8).split("\n")) {
      String[] pair = line.strip().split(" ");
      if (pair.length == 2 && !line.startsWith("#version")) {
        merges.add(List.of(pair));
      }
    }
    return merges;
  }

  static void write(Path directory, ClipTokenizer.Vocabulary vocabulary) throws IOException {
    AtomicFiles.makeDirectory(directory);
    Map<String, Object> decoder = new LinkedHashMap<>();
    vocabulary
        .added()
        .forEach((token, id) -> {
          Map<String, Object> entry = new LinkedHashMap<>();
          entry.put("content", token);
          for (String key : List.of("lstrip", "normalized", "rstrip", "single_word")) {
            entry.put(key, false);
          }
          entry.put("special", vocabulary.special().contains(token));
          decoder.put(Integer.toString(id), entry);
        });
    Map<String, Object> special = new LinkedHashMap<>();
    special.put("bos_token", vocabulary.start());
    special.put("eos_token", vocabulary.end());
    special.put("pad_token", vocabulary.padding());
    special.put("unk_token", vocabulary.unknown());
    Map<String, Object> config = new LinkedHashMap<>(special);
    config.put(DECODER, decoder);
    config.put("errors", "replace");
    config.put(MAX_LENGTH, vocabulary.maxLength());
    config.put("tokenizer_class", "CLIPTokenizer");
    StringBuilder merges = new StringBuilder("#version: 0.2\n");
    vocabulary.merges().forEach(pair -> merges.append(String.join(" ", pair)).append('\n'));
    AtomicFiles.write(directory.resolve(MERGES), merges.toString());
    Json.write(directory.resolve(VOCABULARY), vocabulary.ids());
    Json.write(directory.resolve(CONFIG), config);
    Json.write(directory.resolve(SPECIAL), special);
  }
}
