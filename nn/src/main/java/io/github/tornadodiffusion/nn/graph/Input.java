package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;
import java.util.Map;

/**
 * Numbers that the host gives before a run: their name, their shape, and how they are checked and
 * brought into the arena. Numbers of images, labels and token ids are tensors {@code [1, 1, 1, n]},
 * whose elements are contiguous.
 *
 * @param name of the tensor
 * @param source the name under which the host gives the values; different from that of the tensor
 *     where an input is computed from the values of another
 * @param what the values are called in messages
 * @param shape of the tensor, without an offset
 * @param order of the values on the host
 * @param conversion of every value on its way to the arena
 */
public record Input(
    String name, String source, String what, Block shape, Order order, Conversion conversion) {

  /** Checks a value and converts it to what the program reads. */
  @FunctionalInterface
  public interface Conversion {
    /**
     * The number to read.
     *
     * @throws IllegalArgumentException in one line if the program cannot take the value
     */
    float of(float value);
  }

  /** A batch of images; the host has them as {@code [n, c, h, w]}. */
  public static Input images(String name, int n, int c, int h, int w, Padding border) {
    String what = name + " values";
    return of(name, what, Tensor.shape(n, h, w, c, border), Order.CHANNELS_FIRST);
  }

  /** A number for every image, {@code [n]}: a timestep, a weight. */
  public static Input numbers(String name, int n) {
    return of(name, name, Block.of(0, 1, 1, 1, n), Order.CHANNELS_LAST);
  }

  /**
   * A class for every image, {@code [n]}.
   *
   * @param classes the number of classes, which count from 0
   */
  public static Input labels(String name, int n, int classes) {
    return numbers(name, n).with(value -> index("class", value, classes));
  }

  /** A vector for every image, {@code [n, length]}; the tensor is {@code [n, 1, 1, length]}. */
  public static Input vectors(String name, int n, int length) {
    return hiddenStates(name, n, 1, length);
  }

  /**
   * Tokens of text, {@code [n, tokens]}, as whole numbers.
   *
   * @param vocabulary the number of tokens, which count from 0
   */
  public static Input tokenIds(String name, int n, int tokens, int vocabulary) {
    return numbers(name, Math.multiplyExact(n, tokens))
        .with(value -> index("token", value, vocabulary));
  }

  /** A vector for every token, {@code [n, tokens, c]}; the tensor is {@code [n, 1, tokens, c]}. */
  public static Input hiddenStates(String name, int n, int tokens, int c) {
    return of(name, name + " values", Block.of(0, n, 1, tokens, c), Order.CHANNELS_LAST);
  }

  /** Images of another tensor's shape, without border. */
  public static Input imagesLike(String name, Tensor tensor) {
    return images(name, tensor.n(), tensor.c(), tensor.h(), tensor.w(), Padding.NONE);
  }

  private static Input of(String name, String what, Block shape, Order order) {
    return new Input(name, name, what, shape, order, value -> value);
  }

  /** The same with another name for its values in messages. */
  public Input called(String newWhat) {
    return new Input(name, source, newWhat, shape, order, conversion);
  }

  /** The same with another conversion. */
  public Input with(Conversion newConversion) {
    return new Input(name, source, what, shape, order, newConversion);
  }

  /** The same, computed from values that are given under another name. */
  public Input from(String newSource) {
    return new Input(name, newSource, what, shape, order, conversion);
  }

  /**
   * A whole number from 0 to {@code count - 1}.
   *
   * @param what the number stands for, for the message
   * @throws IllegalArgumentException if the value is no such number
   */
  public static float index(String what, float value, int count) {
    if (!(value >= 0 && value < count && value == (int) value)) {
      throw new IllegalArgumentException(
          "The model has no %s %s: use 0 to %d"
              .formatted(
                  what, value == (int) value ? (Object) (int) value : (Object) value, count - 1));
    }
    return value;
  }

  /** Labels as values of an input; null for null. */
  public static float[] floats(int[] labels) {
    if (labels == null) {
      return null;
    }
    float[] floats = new float[labels.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = labels[i];
    }
    return floats;
  }

  /**
   * The content of the arena for the values that the host gives.
   *
   * @throws IllegalArgumentException in one line if they are missing or do not fit
   */
  float[] pack(Map<String, float[]> values) {
    float[] given = values.get(source);
    if (given == null) {
      throw new IllegalArgumentException(
          "The program reads %s, which are not there: give them".formatted(what));
    }
    HostLength.check(what, given.length, shape.pixels() * shape.c());
    float[] converted = new float[given.length];
    for (int i = 0; i < given.length; i++) {
      converted[i] = conversion.of(given[i]);
    }
    return order.pack(shape, converted);
  }
}
