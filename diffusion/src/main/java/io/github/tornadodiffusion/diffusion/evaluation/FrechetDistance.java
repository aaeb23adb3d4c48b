package io.github.tornadodiffusion.diffusion.evaluation;

import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.stat.correlation.Covariance;

/**
 * The Frechet distance between two sets of features, each treated as a sample of a normal
 * distribution (Heusel et al. 2017): |mean_a - mean_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)).
 *
 * <p>It is biased upwards for few images and comparable only between equally many images and with
 * the features of the same network.
 */
public final class FrechetDistance {
  private FrechetDistance() {}

  /**
   * The distance; at least 0.
   *
   * @param a features {@code [n][d]}, at least 2 rows
   * @param b features {@code [m][d]}, at least 2 rows
   * @throws IllegalArgumentException if there are too few rows or their lengths differ
   */
  public static double between(double[][] a, double[][] b) {
    Features.check(a, b, 2);
    double[] meanA = mean(a);
    double[] meanB = mean(b);
    double distance = 0;
    for (int i = 0; i < meanA.length; i++) {
      distance += (meanA[i] - meanB[i]) * (meanA[i] - meanB[i]);
    }
    RealMatrix covarianceA = covariance(a);
    RealMatrix covarianceB = covariance(b);
    // C_a C_b has the eigenvalues of the symmetric matrix C_a^(1/2) C_b C_a^(1/2).
    RealMatrix root = squareRoot(covarianceA);
    double cross = 0;
    for (double value : eigen(root.multiply(covarianceB).multiply(root)).getRealEigenvalues()) {
      cross += root(value);
    }
    distance += covarianceA.getTrace() + covarianceB.getTrace() - 2 * cross;
    return Math.max(0, distance);
  }

  private static double[] mean(double[][] rows) {
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += row[i] / rows.length;
      }
    }
    return mean;
  }

  /** Without bias: divided by n - 1. */
  private static RealMatrix covariance(double[][] rows) {
    if (rows[0].length == 1) {
      return one(rows);
    }
    return new Covariance(rows).getCovarianceMatrix();
  }

  /** A matrix of one element, because Commons Math has no covariance matrix of one variable. */
  private static RealMatrix one(double[][] rows) {
    double mean = mean(rows)[0];
    double sum = 0;
    for (double[] row : rows) {
      sum += (row[0] - mean) * (row[0] - mean);
    }
    return new Array2DRowRealMatrix(new double[][] {{sum / (rows.length - 1)}});
  }

  private static RealMatrix squareRoot(RealMatrix symmetric) {
    EigenDecomposition eigen = eigen(symmetric);
    double[] roots = eigen.getRealEigenvalues();
    for (int i = 0; i < roots.length; i++) {
      roots[i] = root(roots[i]);
    }
    RealMatrix vectors = eigen.getV();
    return vectors.multiply(MatrixUtils.createRealDiagonalMatrix(roots)).multiply(eigen.getVT());
  }

  /** The decomposition of a matrix that is symmetric apart from rounding. */
  private static EigenDecomposition eigen(RealMatrix matrix) {
    return new EigenDecomposition(matrix.add(matrix.transpose()).scalarMultiply(0.5));
  }

  /** The root of an eigenvalue; one below zero is a rounded zero. */
  private static double root(double eigenvalue) {
    return Math.sqrt(Math.max(0, eigenvalue));
  }
}
