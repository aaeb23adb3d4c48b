package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Weights that follow from a parameter's name and shape, so that references need not store them.
 */
public final class FormulaWeights {
  private FormulaWeights() {}

  /** All parameters of a model. */
  public static Map<String, HostTensor> of(Parameters parameters) {
    Map<String, HostTensor> weights = new LinkedHashMap<>();
    parameters.specs().forEach(spec -> weights.put(spec.name(), of(spec)));
    return weights;
  }

  private static HostTensor of(ParameterSpec spec) {
    long hash = 0xCBF29CE484222325L;
    for (byte b : spec.name().getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001B3L;
    }
    int[] shape = spec.shape();
    float[] values = new float[spec.size()];
    for (int i = 0; i < values.length; i++) {
      long x = hash + (i + 1) * 0x9E3779B97F4A7C15L;
      x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
      x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
      x ^= x >>> 31;
      double v = (double) (x >>> 40) / (1 << 23) - 1;
      values[i] = (float) scaled(spec.name(), shape, v, values.length);
    }
    return new HostTensor(shape, values);
  }

  private static double scaled(String name, int[] shape, double v, int size) {
    if (shape.length < 2) {
      return name.endsWith("weight") ? 1 + 0.1 * v : 0.1 * v;
    }
    boolean table =
        name.contains("embedding") && name.endsWith(".weight") && !name.contains("linear");
    return table ? 0.5 * v : v * Math.sqrt(3.0 * shape[0] / size);
  }
}
