package io.github.tornadodiffusion.experiments.jmh;

/** Compares what a peer computes with what this project computes. */
final class Peers {
  private static final double MOST_ERROR = 1e-4;

  private Peers() {}

  /**
   * The largest difference, relative to the largest value.
   *
   * @throws IllegalStateException if the two have not computed the same
   */
  static double compare(String name, float[] expected, float[] peer) {
    return compare(name, expected, peer, Double.MIN_NORMAL);
  }

  /**
   * The largest difference, relative to the largest value.
   *
   * @param leastScale what the largest value is taken for if it is smaller: for sums that cancel
   * @throws IllegalStateException if the two have not computed the same
   */
  static double compare(String name, float[] expected, float[] peer, double leastScale) {
    if (expected.length != peer.length) {
      throw new IllegalStateException(
          "%s has %d elements here and %d there".formatted(name, expected.length, peer.length));
    }
    double scale = Math.max(leastScale, largest(expected));
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      difference = Math.max(difference, Math.abs((double) expected[i] - peer[i]));
    }
    double error = difference / scale;
    if (Double.isNaN(error) || error > MOST_ERROR) {
      throw new IllegalStateException(
          "%s of the peer differs by %.2g of its largest value; no figures are printed"
              .formatted(name, error));
    }
    return error;
  }

  /** The largest absolute value. */
  static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
