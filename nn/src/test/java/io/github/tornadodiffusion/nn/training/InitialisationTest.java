package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InitialisationTest {
  private static final List<ParameterSpec> LAYERS =
      List.of(
          new ParameterSpec("conv.weight", new int[] {64, 32, 3, 3}, Kind.CONV_WEIGHT, 288),
          new ParameterSpec("conv.bias", new int[] {20_000}, Kind.BIAS, 288),
          new ParameterSpec("linear.weight", new int[] {128, 256}, Kind.LINEAR_WEIGHT, 256),
          new ParameterSpec("norm.weight", new int[] {8}, Kind.NORM_WEIGHT, 1),
          new ParameterSpec("norm.bias", new int[] {8}, Kind.NORM_BIAS, 1),
          new ParameterSpec("embedding.weight", new int[] {33, 999}, Kind.EMBEDDING, 1));

  @ParameterizedTest
  @EnumSource(names = {"CONV_WEIGHT", "BIAS", "LINEAR_WEIGHT"})
  void uniformWithinTheFanIn(Kind kind) {
    ParameterSpec spec =
        LAYERS.stream().filter(layer -> layer.kind() == kind).findFirst().orElseThrow();
    double[] values = sorted(spec, 1);
    double bound = 1 / Math.sqrt(spec.fanIn());
    int n = values.length;
    assertTrue(values[0] >= -bound && values[0] < -bound * 0.999);
    assertTrue(values[n - 1] <= bound && values[n - 1] > bound * 0.999);
    double sigma = bound / Math.sqrt(3);
    assertEquals(0, Arrays.stream(values).average().orElseThrow(), 4 * sigma / Math.sqrt(n));
    double distance = 0;
    for (int i = 0; i < n; i++) {
      distance = Math.max(distance, Math.abs((values[i] / bound + 1) / 2 - (i + 0.5) / n));
    }
    assertSmallKolmogorovSmirnov(distance, n);
  }

  @Test
  void embeddingsAreStandardNormal() {
    double[] values = sorted(LAYERS.getLast(), 1);
    int n = values.length;
    double mean = Arrays.stream(values).average().orElseThrow();
    double variance = Arrays.stream(values).map(value -> value * value).average().orElseThrow();
    assertEquals(0, mean, 4 / Math.sqrt(n));
    assertEquals(1, variance, 4 * Math.sqrt(2.0 / n));
    double distance = 0;
    for (int i = 0; i < n; i++) {
      distance = Math.max(distance, Math.abs(normalCdf(values[i]) - (i + 0.5) / n));
    }
    assertSmallKolmogorovSmirnov(distance, n);
  }

  @Test
  void neighboursAreUncorrelated() {
    for (ParameterSpec spec : List.of(LAYERS.getFirst(), LAYERS.getLast())) {
      float[] values = values(spec, 1);
      for (int lag : new int[] {1, 2, 3, 9, 288}) {
        double product = 0;
        double square = 0;
        for (int i = lag; i < values.length; i++) {
          product += (double) values[i] * values[i - lag];
          square += (double) values[i] * values[i];
        }
        assertEquals(0, product / square, 4 / Math.sqrt(values.length), spec + " lag " + lag);
      }
    }
  }

  @Test
  void normalisationsAreOneAndZero() {
    var tensors = Initialisation.pytorchDefault(LAYERS, 5);
    assertArrayEquals(new float[] {1, 1, 1, 1, 1, 1, 1, 1}, tensors.get("norm.weight").values());
    assertArrayEquals(new float[8], tensors.get("norm.bias").values());
    assertEquals(
        LAYERS.stream().map(ParameterSpec::name).toList(), List.copyOf(tensors.sequencedKeySet()));
  }

  @Test
  void valuesDependOnSeedAndNameAlone() {
    var all = Initialisation.pytorchDefault(LAYERS, 5);
    List<ParameterSpec> some = new ArrayList<>(LAYERS.subList(1, LAYERS.size()).reversed());
    Initialisation.pytorchDefault(some, 5)
        .forEach((name, tensor) -> assertEquals(all.get(name), tensor));
    ParameterSpec spec = LAYERS.getFirst();
    ParameterSpec renamed =
        new ParameterSpec("conw.weight", spec.shape(), spec.kind(), spec.fanIn());
    assertNotEquals(values(spec, 5)[0], values(spec, 6)[0]);
    assertNotEquals(values(spec, 5)[0], values(renamed, 5)[0]);
  }

  /** SplitMix64 and FNV-1a computed by other means; a change here changes every trained model. */
  @Test
  void theAlgorithmStays() {
    float[] values = values(LAYERS.getFirst(), 42);
    assertArrayEquals(
        new float[] {-0x1.b56e8p-8f, 0x1.e7b2d6p-6f, -0x1.ae3f04p-7f}, Arrays.copyOf(values, 3));
  }

  private static void assertSmallKolmogorovSmirnov(double distance, int n) {
    // exceeded by chance once in 10,000
    assertTrue(distance < 2.2 / Math.sqrt(n), "distance " + distance);
  }

  private static float[] values(ParameterSpec spec, long seed) {
    return Initialisation.pytorchDefault(List.of(spec), seed).get(spec.name()).values();
  }

  private static double[] sorted(ParameterSpec spec, long seed) {
    float[] values = values(spec, seed);
    double[] sorted = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      sorted[i] = values[i];
    }
    Arrays.sort(sorted);
    return sorted;
  }

  /** Abramowitz and Stegun 7.1.26, whose error is below 1.5e-7. */
  private static double normalCdf(double x) {
    double z = Math.abs(x) / Math.sqrt(2);
    double t = 1 / (1 + 0.3275911 * z);
    double poly =
        t
            * (0.254829592
                + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    double erf = 1 - poly * Math.exp(-z * z);
    return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
  }
}
