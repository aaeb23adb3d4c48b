package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.random.SplitMix64;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Initial parameters, distributed as in PyTorch's layers by default.
 *
 * <p>The numbers are this project's own: element i of a parameter is a function of (seed, parameter
 * name, i) alone, so neither the order of the parameters nor the presence of others changes it.
 * They come from {@link SplitMix64}, used as a counter: output n is mix(key + n * golden gamma),
 * with a key mixed from the seed and the name's 64-bit FNV-1a hash. StrictMath makes them equal on
 * every machine.
 */
public final class Initialisation {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  /** The standard deviation that UNet2DModel gives the frequencies of Fourier features. */
  static final float FREQUENCY_SCALE = 16;

  private Initialisation() {}

  /**
   * The parameters of a new model: convolution and linear weights and biases uniform in
   * [-1/sqrt(fanIn), 1/sqrt(fanIn)) (which is what kaiming_uniform_ with a = sqrt(5) amounts to),
   * embeddings standard normal, Fourier frequencies 16 times that, normalisations 1 and 0.
   *
   * @return by name, in the order given
   */
  public static SequencedMap<String, HostTensor> pytorchDefault(
      List<ParameterSpec> parameters, long seed) {
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    for (ParameterSpec parameter : parameters) {
      long key =
          SplitMix64.mix(SplitMix64.mix(seed + SplitMix64.GOLDEN_GAMMA) + hash(parameter.name()));
      float[] values = new float[parameter.size()];
      switch (parameter.kind()) {
        case CONV_WEIGHT, LINEAR_WEIGHT, BIAS ->
            fillUniform(values, key, 1 / Math.sqrt(parameter.fanIn()));
        case EMBEDDING -> fillNormal(values, key);
        case FREQUENCIES -> {
          fillNormal(values, key);
          for (int i = 0; i < values.length; i++) {
            values[i] *= FREQUENCY_SCALE;
          }
        }
        case NORM_WEIGHT -> Arrays.fill(values, 1);
        case NORM_BIAS -> Arrays.fill(values, 0);
      }
      tensors.put(parameter.name(), new HostTensor(parameter.shape().clone(), values));
    }
    return tensors;
  }

  /** The parameters of a new model, see {@link #pytorchDefault(List, long)}. */
  public static SequencedMap<String, HostTensor> pytorchDefault(Model model, long seed) {
    return pytorchDefault(model.parameters().specs(), seed);
  }

  private static void fillUniform(float[] values, long key, double bound) {
    for (int i = 0; i < values.length; i++) {
      // 24 bits, so that the float is exact and never rounds up to the open end
      double unit = (output(key, i) >>> 40) * 0x1p-24;
      values[i] = (float) ((2 * unit - 1) * bound);
    }
  }

  /** Box and Muller's pairs. */
  private static void fillNormal(float[] values, long key) {
    for (int i = 0; i < values.length; i += 2) {
      double aboveZero = ((output(key, i) >>> 11) + 1) * 0x1p-53;
      double angle = 2 * Math.PI * ((output(key, i + 1L) >>> 11) * 0x1p-53);
      double radius = Math.sqrt(-2 * StrictMath.log(aboveZero));
      values[i] = (float) (radius * StrictMath.cos(angle));
      if (i + 1 < values.length) {
        values[i + 1] = (float) (radius * StrictMath.sin(angle));
      }
    }
  }

  private static long output(long key, long index) {
    return SplitMix64.mix(key + (index + 1) * SplitMix64.GOLDEN_GAMMA);
  }

  private static long hash(String name) {
    long hash = FNV_OFFSET;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }
}
