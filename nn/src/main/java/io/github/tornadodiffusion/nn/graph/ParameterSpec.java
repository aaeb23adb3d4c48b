package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.Arrays;

/**
 * The declaration of a parameter.
 *
 * @param name the key in PyTorch's {@code state_dict}, for example {@code conv_in.weight}
 * @param shape PyTorch's shape: a convolution weight is [out, in, height, width], a linear weight
 *     [out, in], an embedding [entries, features], everything else [features]
 * @param kind decides the initial values and the layout in the arena
 * @param fanIn the number of inputs that one output element sums over: in * height * width of a
 *     convolution, in of a linear layer; a bias has the fan-in of its layer; 1 where it has no
 *     meaning
 */
@SuppressWarnings("ArrayRecordComponent") // equals compares the elements
public record ParameterSpec(String name, int[] shape, Kind kind, int fanIn) {

  /** The role of a parameter in its layer. */
  public enum Kind {
    /** Of a convolution, [out, in, height, width]. */
    CONV_WEIGHT,
    /** Of a linear layer, [out, in]. */
    LINEAR_WEIGHT,
    /** Of a convolution or a linear layer, [out]. */
    BIAS,
    /** The scale of a normalisation, [channels]; 1 at first. */
    NORM_WEIGHT,
    /** The shift of a normalisation, [channels]; 0 at first. */
    NORM_BIAS,
    /** A table, [entries, features]. */
    EMBEDDING,
    /** Of random Fourier features: drawn once and never trained. */
    FREQUENCIES
  }

  /** Checks the shape and the fan-in. */
  public ParameterSpec {
    HostTensor.size(shape);
    if (fanIn < 1) {
      throw new IllegalArgumentException(
          "Parameter " + name + " has fan-in " + fanIn + "; it must be at least 1");
    }
  }

  /** The number of elements. */
  public int size() {
    return Math.toIntExact(HostTensor.size(shape));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ParameterSpec spec
        && name.equals(spec.name)
        && Arrays.equals(shape, spec.shape)
        && kind == spec.kind
        && fanIn == spec.fanIn;
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(shape);
  }

  @Override
  public String toString() {
    return name + Arrays.toString(shape);
  }
}
