package io.github.tornadodiffusion.nn.io;

import java.util.Arrays;

/**
 * A tensor in host memory, for files and the API; kernels do not compute on it.
 *
 * @param shape extents, outermost first, named and ordered as PyTorch does (a convolution weight is
 *     [out, in, height, width]); empty for a scalar
 * @param values the elements in C order, as many as the product of the extents
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data; equals compares the elements
public record HostTensor(int[] shape, float[] values) {

  /**
   * Checks that the values fill the shape. The arrays are kept, not copied.
   *
   * @throws IllegalArgumentException if an extent is negative or the counts differ
   */
  public HostTensor {
    if (size(shape) != values.length) {
      throw new IllegalArgumentException(
          "A tensor of shape %s has %d elements, not %d; give as many values as the shape has"
              .formatted(Arrays.toString(shape), size(shape), values.length));
    }
  }

  /** A tensor of zeros. */
  public static HostTensor zeros(int... shape) {
    return new HostTensor(shape, new float[Math.toIntExact(size(shape))]);
  }

  /** A scalar, whose shape is empty. */
  public static HostTensor scalar(float value) {
    return new HostTensor(new int[0], new float[] {value});
  }

  /**
   * The number of elements of a shape.
   *
   * @throws IllegalArgumentException if an extent is negative or the product exceeds a long
   */
  public static long size(int... shape) {
    long size = 1;
    for (int extent : shape) {
      if (extent < 0) {
        throw new IllegalArgumentException(
            "A tensor cannot have the negative extent of " + Arrays.toString(shape));
      }
      try {
        size = Math.multiplyExact(size, extent);
      } catch (ArithmeticException overflow) {
        throw new IllegalArgumentException(
            "A tensor of shape " + Arrays.toString(shape) + " is too large to count", overflow);
      }
    }
    return size;
  }

  /** The number of elements. */
  public int size() {
    return values.length;
  }

  /** A tensor of the same shape and values that shares no array with this one. */
  public HostTensor copy() {
    return new HostTensor(shape.clone(), values.clone());
  }

  /**
   * Equal shape and equal bits in every element, so that NaN equals itself and -0 differs from 0.
   */
  @Override
  public boolean equals(Object other) {
    if (!(other instanceof HostTensor tensor)
        || !Arrays.equals(shape, tensor.shape)
        || values.length != tensor.values.length) {
      return false;
    }
    for (int i = 0; i < values.length; i++) {
      if (Float.floatToRawIntBits(values[i]) != Float.floatToRawIntBits(tensor.values[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    int hash = Arrays.hashCode(shape);
    for (float value : values) {
      hash = 31 * hash + Float.floatToRawIntBits(value);
    }
    return hash;
  }

  @Override
  public String toString() {
    return "HostTensor" + Arrays.toString(shape);
  }
}
