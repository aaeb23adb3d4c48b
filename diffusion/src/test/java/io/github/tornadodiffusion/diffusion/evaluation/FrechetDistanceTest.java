package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.stat.correlation.Covariance;
import org.junit.jupiter.api.Test;

/** Against closed forms for normal distributions, of samples with exactly the wanted moments. */
class FrechetDistanceTest {
  /**
   * A sample whose mean and covariance are as given; the root times its transpose is the latter.
   */
  private static double[][] sample(int n, double[] mean, RealMatrix root, long seed) {
    Random random = new Random(seed);
    int d = mean.length;
    double[][] rows = new double[n][d];
    double[] means = new double[d];
    for (double[] row : rows) {
      for (int i = 0; i < d; i++) {
        row[i] = random.nextGaussian();
        means[i] += row[i] / n;
      }
    }
    for (double[] row : rows) {
      for (int i = 0; i < d; i++) {
        row[i] -= means[i];
      }
    }
    RealMatrix covariance = new Covariance(rows).getCovarianceMatrix();
    RealMatrix whitening =
        MatrixUtils.inverse(new CholeskyDecomposition(covariance, 1e-12, 1e-12).getL());
    RealMatrix map = root.multiply(whitening);
    for (int r = 0; r < n; r++) {
      double[] mapped = map.operate(rows[r]);
      for (int i = 0; i < d; i++) {
        rows[r][i] = mapped[i] + mean[i];
      }
    }
    return rows;
  }

  private static RealMatrix matrix(double[]... rows) {
    return new Array2DRowRealMatrix(rows);
  }

  private static double[] row(double... values) {
    return values;
  }

  /** |difference of means|^2 + sum of (s_a - s_b)^2. */
  @Test
  void diagonalCovariances() {
    double[][] a =
        sample(50, row(1, 2, 3), MatrixUtils.createRealDiagonalMatrix(row(1, 2, 0.5)), 1);
    double[][] b =
        sample(80, row(0, 2, 5), MatrixUtils.createRealDiagonalMatrix(row(3, 2, 0.1)), 2);
    double expected = 1 + 4 + 4 + 0.16;
    assertEquals(expected, FrechetDistance.between(a, b), 1e-9);
    assertEquals(expected, FrechetDistance.between(b, a), 1e-9);
    assertEquals(0, FrechetDistance.between(a, a), 1e-9);
  }

  /** Covariances with the same eigenvectors: the roots of their eigenvalues differ. */
  @Test
  void commutingCovariances() {
    double angle = 0.7;
    RealMatrix turn =
        matrix(row(Math.cos(angle), -Math.sin(angle)), row(Math.sin(angle), Math.cos(angle)));
    RealMatrix a = turn.multiply(MatrixUtils.createRealDiagonalMatrix(row(3, 1)));
    RealMatrix b = turn.multiply(MatrixUtils.createRealDiagonalMatrix(row(0.5, 4)));
    double actual =
        FrechetDistance.between(sample(40, row(0, 0), a, 3), sample(40, row(0, 0), b, 4));
    assertEquals(2.5 * 2.5 + 9, actual, 1e-9);
  }

  /**
   * Of a 2x2 matrix M with positive eigenvalues, Tr(M^(1/2)) = sqrt(Tr(M) + 2 sqrt(det(M))): the
   * square of the trace is l_1 + l_2 + 2 sqrt(l_1 l_2).
   */
  @Test
  void otherCovariances() {
    RealMatrix a = matrix(row(2, 0), row(1, 1));
    RealMatrix b = matrix(row(1, 0), row(-3, 0.5));
    RealMatrix covarianceA = a.multiply(a.transpose());
    RealMatrix covarianceB = b.multiply(b.transpose());
    RealMatrix product = covarianceA.multiply(covarianceB);
    double determinant =
        product.getEntry(0, 0) * product.getEntry(1, 1)
            - product.getEntry(0, 1) * product.getEntry(1, 0);
    double expected =
        9
            + covarianceA.getTrace()
            + covarianceB.getTrace()
            - 2 * Math.sqrt(product.getTrace() + 2 * Math.sqrt(determinant));
    double[][] rowsA = sample(30, row(0, 3), a, 5);
    double[][] rowsB = sample(30, row(0, 0), b, 6);
    assertEquals(expected, FrechetDistance.between(rowsA, rowsB), 1e-9);
    assertEquals(expected, FrechetDistance.between(rowsB, rowsA), 1e-9);
  }

  /** Along a line in 64 dimensions, and more dimensions than rows. */
  @Test
  void covariancesWithoutFullRank() {
    double[][] a = new double[20][64];
    double[][] b = new double[20][64];
    double[][] line = sample(20, row(1, 0), MatrixUtils.createRealIdentityMatrix(2), 7);
    for (int i = 0; i < 20; i++) {
      a[i][3] = line[i][0];
      b[i][3] = 2 * line[i][0];
    }
    // Means 1 and 2, deviations 1 and 2.
    assertEquals(2, FrechetDistance.between(a, b), 1e-6);
    assertEquals(0, FrechetDistance.between(a, a), 1e-6);
    Random random = new Random(8);
    for (double[] row : a) {
      for (int i = 0; i < row.length; i++) {
        row[i] = random.nextGaussian();
      }
    }
    assertEquals(0, FrechetDistance.between(a, a), 1e-5);
    assertTrue(FrechetDistance.between(a, b) > 10);
  }

  @Test
  void oneFeature() {
    double[][] a = {{1}, {3}};
    double[][] b = {{5}, {5}};
    assertEquals(9 + 2, FrechetDistance.between(a, b), 1e-12);
  }

  @Test
  void refusesWhatHasNoCovariance() {
    double[][] one = {{1, 2}};
    double[][] two = {{1, 2}, {3, 4}};
    double[][] other = {{1}, {2}};
    assertThrows(IllegalArgumentException.class, () -> FrechetDistance.between(one, two));
    assertThrows(IllegalArgumentException.class, () -> FrechetDistance.between(two, other));
  }
}
