package io.github.tornadodiffusion.nn.io;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads and writes JSON.
 *
 * <p>{@link #write(Object)} is for diffusers' files: written like Python's {@code json.dumps(value,
 * indent=2, sort_keys=True)} with a line end, so that a file written here equals diffusers' byte
 * for byte. {@link #line} and {@link #page} are for this project's own files and keep the order of
 * keys.
 */
public final class Json {
  /** The release of diffusers whose files these are; written as {@code _diffusers_version}. */
  public static final String DIFFUSERS_VERSION = "0.27.2";

  /** The key of the class in the file of an object. */
  public static final String CLASS_NAME = "_class_name";

  /** Far beyond any configuration or index. */
  private static final int MOST_BYTES = 64 << 20;

  /**
   * The limit exists because a token may become an object that is many times as large as its text.
   */
  private static final long MOST_TOKENS = 4_000_000;

  /** For {@link JsonFields}: what others wrote. */
  static final JsonMapper STRICT =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxTokenCount(MOST_TOKENS).build())
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Python writes infinities and NaN as these words.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

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

  /**
   * Reads a file that holds one JSON object.
   *
   * @param reader makes the result of the object's fields; what it refuses with an
   *     IllegalArgumentException is reported with the file's name
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  public static <T> T read(Path file, Function<JsonFields, T> reader) throws IOException {
    try {
      return reader.apply(JsonFields.parse(text(file)));
    } catch (CharacterCodingException e) {
      throw new IOException(
          Messages.line(
              "Cannot read %s: it is not UTF-8 text; replace it by a JSON file".formatted(file)),
          e);
    } catch (IOException e) {
      throw new IOException(
          Messages.line(
              "Cannot read %s: %s; check the name and the model directory"
                  .formatted(file, Messages.reason(e))),
          e);
    } catch (IllegalArgumentException e) {
      throw new IOException(Messages.line("%s: %s".formatted(file, e.getMessage())), e);
    }
  }

  private static String text(Path file) throws IOException {
    byte[] bytes;
    try (InputStream input = Files.newInputStream(file)) {
      bytes = input.readNBytes(MOST_BYTES + 1);
    }
    if (bytes.length > MOST_BYTES) {
      throw new IllegalArgumentException(
          "it has more than %d MiB; give the JSON file of a model".formatted(MOST_BYTES >> 20));
    }
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** Writes a file atomically, see {@link #write(Object)}. */
  public static void write(Path file, Object value) throws IOException {
    AtomicFiles.write(file, write(value).getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The text of a value: null, a Boolean, an Integer or Long, a finite Float, a Double that is no
   * NaN, a String, a List of values, or a Map from String to values, whose keys are sorted.
   *
   * @throws IllegalArgumentException for any other value
   */
  public static String write(Object value) {
    StringBuilder text = new StringBuilder();
    append(text, value, "\n");
    return text.append('\n').toString();
  }

  private static void append(StringBuilder text, Object value, String lineEnd) {
    switch (value) {
      case null -> text.append("null");
      case Boolean bool -> text.append(bool);
      case Integer number -> text.append(number);
      case Long number -> text.append(number);
      case Float number -> text.append(pythonRepr(number.doubleValue()));
      case Double number when number.isInfinite() -> text.append(number);
      case Double number -> text.append(pythonRepr(number));
      case String string -> appendString(text, string);
      case List<?> list -> {
        String inner = lineEnd + "  ";
        String separator = inner;
        text.append('[');
        for (Object element : list) {
          text.append(separator);
          append(text, element, inner);
          separator = "," + inner;
        }
        text.append(list.isEmpty() ? "]" : lineEnd + "]");
      }
      case Map<?, ?> map -> {
        String inner = lineEnd + "  ";
        String separator = inner;
        text.append('{');
        for (Map.Entry<?, ?> entry : new TreeMap<>(map).entrySet()) {
          text.append(separator);
          appendString(text, (String) entry.getKey());
          text.append(": ");
          append(text, entry.getValue(), inner);
          separator = "," + inner;
        }
        text.append(map.isEmpty() ? "}" : lineEnd + "}");
      }
      default ->
          throw new IllegalArgumentException("JSON cannot hold a " + value.getClass().getName());
    }
  }

  /** The keys of an object of a class of diffusers, or of one that is saved like those. */
  public static Map<String, Object> ofClass(String className, Map<String, ?> fields) {
    Map<String, Object> json = new TreeMap<>(fields);
    json.put(CLASS_NAME, className);
    json.put("_diffusers_version", DIFFUSERS_VERSION);
    return json;
  }

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

  /** Python escapes everything that is not ASCII. */
  static void appendString(StringBuilder text, String string) {
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\b' -> text.append("\\b");
        case '\f' -> text.append("\\f");
        default -> text.append(c >= ' ' && c <= '~' + 1 ? "" + c : "\\u%04x".formatted((int) c));
      }
    }
    text.append('"');
  }

  /**
   * The shortest decimal that reads back as the number, in the notation of Python's {@code repr}:
   * an exponent below 1e-4 and from 1e16 on, of at least two digits. (Of two subnormals below
   * 1e-322 Java gives two digits where Python needs one.)
   *
   * @throws IllegalArgumentException for NaN and infinities, which JSON does not have
   */
  public static String pythonRepr(double number) {
    if (!Double.isFinite(number)) {
      throw new IllegalArgumentException("JSON cannot hold the number " + number);
    }
    double magnitude = Math.abs(number);
    if (number == 0 || (magnitude >= 1e-4 && magnitude < 1e16)) {
      String plain =
          new BigDecimal(Double.toString(magnitude)).stripTrailingZeros().toPlainString();
      String sign = 1 / number < 0 ? "-" : "";
      return sign + plain + (plain.contains(".") ? "" : ".0");
    }
    String shortest = Double.toString(number);
    int e = shortest.indexOf('E');
    String digits = shortest.substring(0, e);
    String mantissa = digits.endsWith(".0") ? digits.substring(0, digits.length() - 2) : digits;
    int exponent = Integer.parseInt(shortest.substring(e + 1));
    int size = Math.abs(exponent);
    // Without a format, whose digits depend on the user's locale.
    return mantissa + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
  }
}
