package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;

import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.util.CombinatoricsUtils;

/**
 * The weights of UniP and UniC (Zhao et al. 2023, equations 3 and 9): those of the differences
 * between predictions that integrate polynomials exactly.
 *
 * @param ratios positions of the earlier predictions in lambda, in units of the step: -1 is as far
 *     back as the step goes forward
 * @param half the weight of a difference where it is the only one
 */
@SuppressWarnings("ArrayRecordComponent") // local to a scheduler, never compared
public record UniPCStep(ExponentialStep step, double[] ratios, double half) {
  /**
   * The sample after the step from the predictions up to its beginning.
   *
   * @param sample the register of the sample before the step
   * @param predictions the register of the prediction there; earlier ones follow
   */
  public Term[] predictor(int sample, int predictions) {
    double[] weights = ratios.length == 1 ? new double[] {half} : solve(ratios);
    return terms(sample, predictions, weights);
  }

  /**
   * The same with the prediction at the end of the step.
   *
   * @param sample the register of the sample before the step
   * @param predictions the register of the prediction there; earlier ones follow
   * @param end the register of the prediction at the end
   */
  public Term[] corrector(int sample, int predictions, int end) {
    int count = ratios.length;
    double[] nodes = Arrays.copyOf(ratios, count + 1);
    nodes[count] = 1;
    double[] weights = count == 0 ? new double[] {half} : solve(nodes);
    Term[] terms = terms(sample, predictions, weights);
    terms[1] = term(predictions, terms[1].weight() - weights[count]);
    terms = Arrays.copyOf(terms, terms.length + 1);
    terms[terms.length - 1] = term(end, weights[count]);
    return terms;
  }

  /** The terms of the differences to earlier predictions, each divided by its ratio. */
  private Term[] terms(int sample, int predictions, double[] weights) {
    Term[] terms = new Term[ratios.length + 2];
    terms[0] = term(sample, step.sampleWeight());
    double here = step.first();
    for (int i = 0; i < ratios.length; i++) {
      double weight = weights[i] / ratios[i];
      here -= weight;
      terms[i + 2] = term(predictions + i + 1, weight);
    }
    terms[1] = term(predictions, here);
    return terms;
  }

  /** The weights for which sum of weight * node^k is k! phi_(k+1) for every k from 1 on. */
  private double[] solve(double[] nodes) {
    int count = nodes.length;
    if (count == 0) {
      return nodes;
    }
    double[][] powers = new double[count][count];
    double[] integrals = new double[count];
    for (int k = 0; k < count; k++) {
      for (int i = 0; i < count; i++) {
        powers[k][i] = Math.pow(nodes[i], k);
      }
      integrals[k] = CombinatoricsUtils.factorialDouble(k + 1) * step.phi(k + 2);
    }
    // The nodes differ, so the matrix is regular however small its pivots are.
    return new LUDecomposition(new Array2DRowRealMatrix(powers, false), 0)
        .getSolver()
        .solve(new ArrayRealVector(integrals, false))
        .toArray();
  }
}
