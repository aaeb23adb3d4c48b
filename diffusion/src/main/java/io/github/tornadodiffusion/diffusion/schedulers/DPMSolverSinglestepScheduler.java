package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverType;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.ExponentialStep;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels.Spread;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Diffused;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * DPM-Solver and DPM-Solver++ as singlestep methods (Lu et al. 2022), as diffusers 0.27.2 computes
 * them, in double precision, and the SDE of the latter as 0.40 does. Calls come in groups of up to
 * three; each call in a group starts again from the first sample of the group, with a higher order
 * each time.
 *
 * <p>Where diffusers divides by zero this does not: between equal timesteps, and in a step to no
 * noise, the order is 1. Where the number of steps is no multiple of the order, or the end has no
 * noise, the last steps have lower orders in any case.
 */
public final class DPMSolverSinglestepScheduler extends DPMSolverScheduler {
  private static final Set<String> KEYS = keys();

  /** The sample at the first call of the group. */
  private static final int START = Update.OWN;

  /** The predictions of this call and of earlier ones, from here on. */
  private static final int PREDICTIONS = Update.OWN + 1;

  DPMSolverSinglestepScheduler(JsonFields fields) {
    super(
        fields,
        KEYS,
        false,
        false,
        SolverAlgorithm.DPMSOLVER,
        SolverAlgorithm.DPMSOLVER_PLUS_PLUS,
        SolverAlgorithm.SDE_DPMSOLVER_PLUS_PLUS);
  }

  /** The timesteps are always those of linspace. */
  private static Set<String> keys() {
    Set<String> keys = new HashSet<>(SolverLevels.KEYS);
    keys.removeAll(Set.of("timestep_spacing", "steps_offset"));
    return Set.copyOf(keys);
  }

  @Override
  public boolean needsVariance() {
    return varianceType == VarianceType.LEARNED_RANGE;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SolverLevels levels = levels(steps, options, Spread.over(table, spread));
    int[] orders = orders(levels.calls());
    return Plan.of(1, first -> calls(levels, orders, first));
  }

  /**
   * 1, 2, 3, 1, 2, 3 .. for order 3, so that groups are complete; where the last group ends with a
   * lower order, the last call of one that would be complete is a group of its own.
   */
  private int[] orders(int calls) {
    int[] orders = new int[calls];
    Arrays.setAll(orders, i -> i % solverOrder + 1);
    boolean falls = lowerOrderFinal || endsAtZero;
    if (falls && calls % solverOrder == 0) {
      orders[calls - 1] = 1;
    }
    return orders;
  }

  private List<ModelCall> calls(SolverLevels levels, int[] orders, int first) {
    List<ModelCall> calls = new ArrayList<>();
    int start = first;
    for (int i = first; i < levels.calls(); i++) {
      int order = orders[i] == 1 ? 1 : levels.order(i, start, i - start + 1);
      if (order < i - start + 1) {
        order = 1;
      }
      if (order == 1) {
        start = i;
      }
      calls.add(call(levels, i, Math.min(2, i - first), order));
    }
    return calls;
  }

  private ModelCall call(SolverLevels levels, int i, int known, int order) {
    Diffused diffused = levels.diffused(i, config.predictionType());
    ModelCall.Builder call = levels.modelCall(i, config);
    if (order == 1) {
      call.set(START, term(SAMPLE, 1));
    }
    for (int age = known; age > 0; age--) {
      call.set(PREDICTIONS + age, term(PREDICTIONS + age - 1, 1));
    }
    call.set(PREDICTIONS, diffused.prediction(algorithm.predictsNoise(), config.thresholding()));
    ExponentialStep step = ExponentialStep.of(algorithm, levels, i - order + 1, i + 1);
    double[] weights = weights(levels, i, order, step);
    call.set(
        SAMPLE,
        term(START, step.sampleWeight()),
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
    double from = levels.lambda(i - order + 1);
    double h = levels.lambda(i + 1) - from;
    double r0 = (levels.lambda(i) - from) / h;
    boolean midpoint = solverType == SolverType.MIDPOINT;
    if (order == 2) {
      double slope = (midpoint ? step.first() / 2 : step.phi(2)) / r0;
      return new double[] {slope, step.first() - slope, 0};
    }
    double r1 = (levels.lambda(i - 1) - from) / h;
    // Of the slopes from the group's first prediction to those of the two calls after it.
    double toNewest = step.phi(2);
    double toMiddle = 0;
    if (!midpoint) {
      toNewest = (2 * step.second() - r1 * step.phi(2)) / (r0 - r1);
      toMiddle = (r0 * step.phi(2) - 2 * step.second()) / (r0 - r1);
    }
    double newest = toNewest / r0;
    double middle = toMiddle / r1;
    return new double[] {newest, middle, step.first() - newest - middle};
  }
}
