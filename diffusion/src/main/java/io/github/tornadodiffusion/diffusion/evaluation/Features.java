package io.github.tornadodiffusion.diffusion.evaluation;

/** Checks of sets of features. */
final class Features {
  private Features() {}

  /**
   * Checks two sets.
   *
   * @throws IllegalArgumentException if a set has too few rows or the lengths of rows differ
   */
  static void check(double[][] a, double[][] b, int leastRows) {
    for (double[][] rows : new double[][][] {a, b}) {
      if (rows.length < leastRows) {
        throw new IllegalArgumentException(
            "%d images are too few for the distance: take at least %d"
                .formatted(rows.length, leastRows));
      }
      for (double[] row : rows) {
        if (row.length != a[0].length || row.length == 0) {
          throw new IllegalArgumentException(
              "features of length %d and %d: take both from the same network"
                  .formatted(a[0].length, row.length));
        }
      }
    }
  }
}
