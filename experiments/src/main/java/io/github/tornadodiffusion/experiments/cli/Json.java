package io.github.tornadodiffusion.experiments.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes JSON for people and for other tools, and reads it. */
public final class Json {
  private static final JsonMapper LINES =
      JsonMapper.builder().enable(DeserializationFeature.USE_LONG_FOR_INTS).build();
  private static final JsonMapper PAGES =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .defaultPrettyPrinter(
              new DefaultPrettyPrinter()
                  .withObjectIndenter(new DefaultIndenter("  ", "\n"))
                  .withArrayIndenter(new DefaultIndenter("  ", "\n")))
          .build();

  private static final TypeReference<LinkedHashMap<String, Object>> FIELDS =
      new TypeReference<>() {};

  private Json() {}

  /** JSON text as a value that can be part of an object. */
  public static JsonNode tree(String json) {
    return LINES.readTree(json);
  }

  /** The fields of an object in their order: numbers as Long or Double, texts, booleans, nulls. */
  public static Map<String, Object> object(String json) {
    return LINES.readValue(json, FIELDS);
  }

  /** One object in one line. */
  public static String line(Map<String, ?> object) {
    return LINES.writeValueAsString(object);
  }

  /** One object, indented, with a line break at its end. */
  public static String page(Map<String, ?> object) {
    return PAGES.writeValueAsString(object) + "\n";
  }
}
