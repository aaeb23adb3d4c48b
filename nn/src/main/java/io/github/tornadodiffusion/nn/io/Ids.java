package io.github.tornadodiffusion.nn.io;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The lower-case names by which diffusers' configuration files call the constants of an enum. */
public final class Ids {
  private Ids() {}

  /** {@code V_PREDICTION} is {@code v_prediction}. */
  public static String id(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The constant with the given id.
   *
   * @param key what the value configures, for the message
   * @throws IllegalArgumentException if there is none; the message lists those that exist
   */
  public static <E extends Enum<E>> E parse(Class<E> type, String key, String value) {
    for (E constant : type.getEnumConstants()) {
      if (id(constant).equals(value)) {
        return constant;
      }
    }
    throw unknown(key, value, type);
  }

  /** The exception for a value that is none of the constants, which it lists. */
  public static IllegalArgumentException unknown(
      String key, String value, Class<? extends Enum<?>> type) {
    String known =
        Arrays.stream(type.getEnumConstants()).map(Ids::id).collect(Collectors.joining(", "));
    return new IllegalArgumentException(
        "Unknown " + key + " '" + value + "': choose one of " + known);
  }
}
