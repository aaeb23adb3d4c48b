package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Diffused;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Linear multistep methods of order 1 to 3 on an {@link ExponentialStep}, which compute the
 * derivatives of the prediction from earlier predictions.
 *
 * @param curvature the factor of the divided difference in the second derivative: 2 for the
 *     parabola through three predictions, 1 in diffusers' DPM-Solver
 */
public record MultistepSolver(
    SchedulerConfig config, SolverAlgorithm algorithm, SolverType type, double curvature) {
  /** The predictions of this call and of earlier ones, from here on. */
  private static final int PREDICTIONS = Update.OWN;

  /**
   * The calls of a sampler.
   *
   * @param first the first call
   * @param mostOrder the highest order of a call, 1 to 3
   */
  public List<ModelCall> calls(SolverLevels levels, int first, IntUnaryOperator mostOrder) {
    List<ModelCall> calls = new ArrayList<>();
    for (int i = first; i < levels.calls(); i++) {
      calls.add(call(levels, i, first, levels.order(i, first, mostOrder.applyAsInt(i))));
    }
    return calls;
  }

  private ModelCall call(SolverLevels levels, int i, int first, int order) {
    Diffused diffused = levels.diffused(i, config.predictionType());
    ModelCall.Builder call = levels.modelCall(i, config);
    for (int age = Math.min(2, i - first); age > 0; age--) {
      call.set(PREDICTIONS + age, term(PREDICTIONS + age - 1, 1));
    }
    call.set(PREDICTIONS, diffused.prediction(algorithm.predictsNoise(), config.thresholding()));
    ExponentialStep step = ExponentialStep.of(algorithm, levels, i, i + 1);
    double[] weights = weights(levels, i, order, step);
    call.set(
        SAMPLE,
        term(SAMPLE, step.sampleWeight()),
        term(PREDICTIONS, weights[0]),
        term(PREDICTIONS + 1, weights[1]),
        term(PREDICTIONS + 2, weights[2]),
        term(NOISE, step.noiseWeight()));
    return (algorithm.stochastic() ? call.drawsNoise() : call).build();
  }

  /** The weights of the predictions of this call and of the two before it. */
  private double[] weights(SolverLevels levels, int i, int order, ExponentialStep step) {
    if (order == 1) {
      return new double[] {step.first(), 0, 0};
    }
    double h = levels.lambda(i + 1) - levels.lambda(i);
    double r0 = (levels.lambda(i) - levels.lambda(i - 1)) / h;
    if (order == 2) {
      double slope = (type == SolverType.MIDPOINT ? step.first() / 2 : step.phi(2)) / r0;
      return new double[] {step.first() + slope, -slope, 0};
    }
    double r1 = (levels.lambda(i - 1) - levels.lambda(i - 2)) / h;
    // Of the difference between the two slopes.
    double bend = (r0 * step.phi(2) + curvature * step.second()) / (r0 + r1);
    double slope = (step.phi(2) + bend) / r0;
    return new double[] {step.first() + slope, -slope - bend / r1, bend / r1};
  }
}
