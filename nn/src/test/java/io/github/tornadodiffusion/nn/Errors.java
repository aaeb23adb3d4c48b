package io.github.tornadodiffusion.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

/** Compares numbers with a reference. */
public final class Errors {
  private Errors() {}

  /** Largest absolute difference. */
  static double max(float[] actual, float[] expected, String what) {
    assertEquals(expected.length, actual.length, what);
    double max = 0;
    for (int i = 0; i < actual.length; i++) {
      double difference = Math.abs((double) actual[i] - expected[i]);
      if (!(difference <= max)) { // also true for NaN
        max = difference;
      }
    }
    return max;
  }

  public static double magnitude(float[] values) {
    double max = 0;
    for (float value : values) {
      max = Math.max(max, Math.abs(value));
    }
    return max;
  }

  /** Fails if a difference exceeds the tolerance. */
  public static void check(String what, float[] actual, float[] expected, double tolerance) {
    double error = max(actual, expected, what);
    if (!(error <= tolerance)) {
      fail(
          "%s: error %.3g exceeds %.3g, largest value %.3g"
              .formatted(what, error, tolerance, magnitude(expected)));
    }
  }

  /** Fails if the mean absolute difference exceeds the tolerance. */
  public static void checkMean(String what, float[] actual, float[] expected, double tolerance) {
    double sum = 0;
    for (int i = 0; i < actual.length; i++) {
      sum += Math.abs((double) actual[i] - expected[i]);
    }
    double mean = sum / actual.length;
    if (!(mean <= tolerance)) {
      fail("%s: mean error %.3g exceeds %.3g".formatted(what, mean, tolerance));
    }
  }
}
