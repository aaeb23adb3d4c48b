package io.github.tornadodiffusion.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleBiFunction;

/**
 * A reference for many tensors that holds a few elements, the l2 norm and the sum of each, in
 * ascending order of their names.
 */
public final class Snapshot {
  private static final int MOST_SAMPLES = 8;

  private final Map<String, HostTensor> file;
  private final String prefix;

  /** The snapshot of that name in a file. */
  public Snapshot(Map<String, HostTensor> file, String prefix) {
    this.file = file;
    this.prefix = prefix;
  }

  private static double l2(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum;
  }

  /**
   * Compares gradients by norm and sum, and by elements where the file has them.
   *
   * @param fraction of a tensor's norm that its error may be
   * @param overall the same for all of them together
   * @param nearZero the names of those that are nothing but rounding errors
   */
  public void checkGradients(
      Map<String, HostTensor> actual, double fraction, double overall, List<String> nearZero) {
    float[] norms = file.get(prefix + ".l2").values();
    float[] sums = file.get(prefix + ".sum").values();
    Map<String, HostTensor> sorted = new TreeMap<>(actual);
    assertEquals(norms.length, sorted.size(), "tensors");
    int i = 0;
    double squares = 0;
    double errors = 0;
    for (Map.Entry<String, HostTensor> entry : sorted.entrySet()) {
      String name = entry.getKey();
      float[] values = entry.getValue().values();
      double norm = l2(values);
      squares += norm * norm;
      errors += (norm - norms[i]) * (norm - norms[i]);
      if (nearZero.contains(name)) {
        assertTrue(norm < 1e-6, name);
      } else {
        assertEquals(norms[i], norm, fraction * norms[i] + 1e-7, name + " norm");
        double tolerance = fraction * norms[i] * Math.sqrt(values.length) + 1e-7;
        assertEquals(sums[i], sum(values), tolerance, name + " sum");
      }
      i++;
    }
    assertEquals(0, Math.sqrt(errors / squares), overall, "all norms");
    if (file.containsKey(prefix + ".samples")) {
      checkElements(
          actual, (name, norm) -> nearZero.contains(name) ? 1e-6 : fraction * norm + 1e-7);
    }
  }

  /** Compares elements; the tolerance follows from a tensor's name and its norm. */
  public void checkElements(
      Map<String, HostTensor> actual, ToDoubleBiFunction<String, Double> tolerance) {
    float[] samples = file.get(prefix + ".samples").values();
    float[] norms = file.get(prefix + ".l2").values();
    int at = 0;
    int tensor = 0;
    for (Map.Entry<String, HostTensor> entry : new TreeMap<>(actual).entrySet()) {
      float[] values = entry.getValue().values();
      int stride = Math.ceilDiv(values.length, MOST_SAMPLES);
      double most = tolerance.applyAsDouble(entry.getKey(), (double) norms[tensor++]);
      for (int i = 0; i < values.length; i += stride) {
        assertEquals(samples[at++], values[i], most, prefix + " " + entry.getKey() + "[" + i + "]");
      }
    }
    assertEquals(samples.length, at);
  }
}
