package io.github.tornadodiffusion.nn.io;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The fields of one JSON object, read by key. A key that is absent yields the fallback; a value of
 * another type is refused with an IllegalArgumentException of one line that names the key.
 */
public final class JsonFields {
  private final JsonNode object;

  private JsonFields(JsonNode object) {
    this.object = object;
  }

  /**
   * Parses the text of one JSON object.
   *
   * @throws IllegalArgumentException in one line, if the text is anything else or has a key twice
   */
  public static JsonFields parse(String json) {
    JsonNode node;
    try {
      node = Json.STRICT.readTree(json);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          "not valid JSON (%s); repair or replace it"
              .formatted(Messages.piece(String.valueOf(e.getOriginalMessage()))),
          e);
    }
    if (!node.isObject()) {
      throw new IllegalArgumentException("not a JSON object; it must start with {");
    }
    return new JsonFields(node);
  }

  /** The keys in the order of the text. */
  public List<String> keys() {
    return List.copyOf(object.propertyNames());
  }

  /** Whether the key exists, even with the value null. */
  public boolean has(String key) {
    return object.has(key);
  }

  /** Whether the key is there with another value than null. */
  public boolean hasValue(String key) {
    return object.hasNonNull(key);
  }

  /**
   * Refuses keys that may mean something which is not computed. A key without a value means
   * nothing, and one that begins with '_' is a note of the program that wrote it.
   *
   * @param known whether a key is one that is read, or may be ignored
   * @param what what has the known keys, for the message
   * @throws IllegalArgumentException in one line naming the first other key
   */
  public void refuseOthers(Predicate<String> known, String what) {
    for (String key : keys()) {
      if (hasValue(key) && !key.startsWith("_") && !known.test(key)) {
        throw new IllegalArgumentException(
            "%s is not a key of %s, and what it changes is not computed: remove it if the images do"
                    .formatted(Messages.piece(key), what)
                + " not depend on it");
      }
    }
  }

  /** The same with other values of some keys. */
  public JsonFields with(Map<String, ?> values) {
    ObjectNode changed = Json.STRICT.createObjectNode();
    keys().forEach(key -> changed.set(key, object.get(key)));
    values.forEach((key, value) -> changed.set(key, Json.STRICT.valueToTree(value)));
    return new JsonFields(changed);
  }

  /** All values by key, as they are. */
  public Map<String, Object> values() {
    return Json.object(object.toString());
  }

  /** The fields with the given keys, if they exist. */
  public JsonFields only(Set<String> keys) {
    ObjectNode kept = Json.STRICT.createObjectNode();
    keys.stream().filter(this::has).forEach(key -> kept.set(key, object.get(key)));
    return new JsonFields(kept);
  }

  /** Whether the value is there and a list. */
  public boolean isList(String key) {
    return object.path(key).isArray();
  }

  /** Whether the value is there and a list of nothing but null. */
  public boolean isListOfNulls(String key) {
    return isList(key) && object.path(key).valueStream().allMatch(JsonNode::isNull);
  }

  /** Whether the value is there and an object. */
  public boolean isObject(String key) {
    return object.path(key).isObject();
  }

  /** An integer that fits 32 bits. */
  public int integer(String key, int fallback) {
    return read(key, fallback, false, "an integer", JsonFields::asInteger);
  }

  /** An integer that fits 32 bits, or null. */
  public Integer integerOrNull(String key, Integer fallback) {
    return read(key, fallback, true, "an integer or null", JsonFields::asInteger);
  }

  /** A finite number. */
  public double number(String key, double fallback) {
    return read(key, fallback, false, "a number", JsonFields::asNumber);
  }

  /** A number, or Python's {@code Infinity} or {@code -Infinity}. */
  public double numberOrInfinity(String key, double fallback) {
    return read(
        key,
        fallback,
        false,
        "a number",
        node -> node.isNumber() && !Double.isNaN(node.doubleValue()) ? node.doubleValue() : null);
  }

  /** A finite number, or null. */
  public Double numberOrNull(String key, Double fallback) {
    return read(key, fallback, true, "a number or null", JsonFields::asNumber);
  }

  /** True or false; null is false, as Python takes it. */
  public boolean bool(String key, boolean fallback) {
    Boolean value = read(key, fallback, true, "true or false", JsonFields::asBoolean);
    return value != null && value;
  }

  /** A string. */
  public String string(String key, String fallback) {
    return read(key, fallback, false, "a string", JsonFields::asString);
  }

  /** A string, or null. */
  public String stringOrNull(String key, String fallback) {
    return read(key, fallback, true, "a string or null", JsonFields::asString);
  }

  /** A list of integers that fit 32 bits. */
  public List<Integer> integers(String key, List<Integer> fallback) {
    return read(key, fallback, false, "a list of integers", listOf(JsonFields::asInteger));
  }

  /** True or false for each of several, or one value for all of them. */
  public List<Boolean> bools(String key, int count) {
    return each(key, count, "true or false, or a list of them", JsonFields::asBoolean);
  }

  /** Integers that fit 32 bits for each of several, or one for all of them. */
  public List<Integer> integers(String key, int count) {
    return each(key, count, "an integer, or a list of them", JsonFields::asInteger);
  }

  /** Lists of integers for each of several; an integer stands for a list of one. */
  public List<List<Integer>> integerLists(String key, int count) {
    Function<JsonNode, List<Integer>> list = listOf(JsonFields::asInteger);
    return each(
        key,
        count,
        "an integer, or a list of integers or of lists of them",
        node -> node.isArray() ? list.apply(node) : asList(asInteger(node)));
  }

  private static <T> List<T> asList(T value) {
    return value == null ? null : List.of(value);
  }

  private <T> List<T> each(String key, int count, String type, Function<JsonNode, T> reader) {
    List<T> values =
        read(
            key,
            List.of(),
            false,
            type,
            node -> {
              T one = node.isArray() ? null : reader.apply(node);
              return one == null ? listOf(reader).apply(node) : Collections.nCopies(count, one);
            });
    if (values.size() != count) {
      throw new IllegalArgumentException(
          "%s has %d values; give %d, or one for all"
              .formatted(Messages.piece(key), values.size(), count));
    }
    return values;
  }

  /** A list of integers that fit 64 bits. */
  public List<Long> longs(String key, List<Long> fallback) {
    return read(
        key,
        fallback,
        false,
        "a list of integers",
        listOf(node -> node.isIntegralNumber() && node.canConvertToLong() ? node.asLong() : null));
  }

  /** A list of finite numbers, or null. */
  public List<Double> numbersOrNull(String key, List<Double> fallback) {
    return read(key, fallback, true, "a list of numbers or null", listOf(JsonFields::asNumber));
  }

  /** A list of strings. */
  public List<String> strings(String key, List<String> fallback) {
    return read(key, fallback, false, "a list of strings", listOf(JsonFields::asString));
  }

  /** An object; an object without fields if it is absent. */
  public JsonFields object(String key) {
    JsonFields empty = new JsonFields(Json.STRICT.createObjectNode());
    return read(
        key, empty, false, "an object", node -> node.isObject() ? new JsonFields(node) : null);
  }

  /** All fields, each of which must be a string, in the order of the text. */
  public Map<String, String> allStrings() {
    Map<String, String> strings = new LinkedHashMap<>();
    keys().forEach(key -> strings.put(key, string(key, null)));
    return strings;
  }

  private <T> T read(
      String key, T fallback, boolean nullable, String type, Function<JsonNode, T> reader) {
    JsonNode node = object.get(key);
    if (node == null) {
      return fallback;
    }
    if (nullable && node.isNull()) {
      return null;
    }
    T value = reader.apply(node);
    if (value == null) {
      throw new IllegalArgumentException(
          "%s is %s; it must be %s"
              .formatted(
                  Messages.piece(key),
                  // Otherwise infinities would be quoted.
                  Messages.piece(node.isNumber() ? node.asString() : node.toString()),
                  type));
    }
    return value;
  }

  private static Integer asInteger(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToInt() ? node.asInt() : null;
  }

  private static Boolean asBoolean(JsonNode node) {
    return node.isBoolean() ? node.asBoolean() : null;
  }

  private static Double asNumber(JsonNode node) {
    return node.isNumber() && Double.isFinite(node.doubleValue()) ? node.doubleValue() : null;
  }

  private static String asString(JsonNode node) {
    return node.isString() ? node.asString() : null;
  }

  private static <T> Function<JsonNode, List<T>> listOf(Function<JsonNode, T> reader) {
    return node -> {
      if (!node.isArray()) {
        return null;
      }
      List<T> elements = new ArrayList<>();
      for (JsonNode element : node) {
        T value = reader.apply(element);
        if (value == null) {
          return null;
        }
        elements.add(value);
      }
      return elements;
    };
  }
}
