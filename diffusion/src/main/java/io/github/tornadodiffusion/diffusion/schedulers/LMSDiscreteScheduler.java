package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;

/**
 * A linear multistep method: the slopes at the last levels, up to {@link StepOptions#order}, are
 * continued as a polynomial of sigma and integrated over the step (Adams and Bashforth, with uneven
 * steps), as diffusers 0.27.2 does, but with exact integrals and in double precision.
 *
 * <p>Of equal levels, where diffusers gives NaN, only the last one counts.
 */
public final class LMSDiscreteScheduler extends SpreadSigmasScheduler {
  private static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.0001, 0.02);

  LMSDiscreteScheduler(JsonFields fields) {
    super(fields, DEFAULTS, SchedulerConfig.COMMON_KEYS);
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SigmaSteps levels = SigmaSteps.of(config, spread, table, steps);
    return new Plan(
        levels.initNoiseSigma(),
        calls(levels, options.order(), 0),
        first -> calls(levels, options.order(), first));
  }

  private List<ModelCall> calls(SigmaSteps levels, int order, int first) {
    List<ModelCall> calls = new ArrayList<>();
    for (int i = first; i < levels.count(); i++) {
      double sigma = levels.sigmas()[i];
      double inverse = sigma == 0 ? 0 : 1 / sigma;
      calls.add(
          SigmaSteps.call(levels.timesteps()[i], sigma)
              .set(ORIGINAL, SigmaSteps.original(config.predictionType(), sigma))
              .set(slope(i, order), term(SAMPLE, inverse), term(ORIGINAL, -inverse))
              .set(SAMPLE, step(levels.sigmas(), i, order, Math.max(first, i - order + 1)))
              .build());
    }
    return calls;
  }

  /** The register of the slope, (sample - x_0) / sigma, at a level. */
  private static int slope(int level, int order) {
    return Update.OWN + level % order;
  }

  /**
   * The step from level i to the next: the sample and the integrals of Lagrange's polynomials.
   *
   * @param oldest the first level whose slope is known
   */
  private static Term[] step(double[] sigmas, int i, int order, int oldest) {
    double length = sigmas[i + 1] - sigmas[i];
    List<Term> terms = new ArrayList<>(List.of(term(SAMPLE, 1)));
    if (length == 0) {
      return terms.toArray(Term[]::new);
    }
    List<Integer> nodes = new ArrayList<>();
    for (int k = i; k >= oldest; k--) {
      double sigma = sigmas[k];
      if (nodes.stream().noneMatch(node -> sigmas[node] == sigma)) {
        nodes.add(k);
      }
    }
    for (int node : nodes) {
      // In units of the step, which goes from 0 to 1; lowest power first.
      double[] polynomial = {1};
      for (int other : nodes) {
        if (other != node) {
          double root = (sigmas[other] - sigmas[i]) / length;
          polynomial = timesLinear(polynomial, root, (sigmas[node] - sigmas[other]) / length);
        }
      }
      double integral = 0;
      for (int power = 0; power < polynomial.length; power++) {
        integral += polynomial[power] / (power + 1);
      }
      terms.add(term(slope(node, order), length * integral));
    }
    return terms.toArray(Term[]::new);
  }

  /** The polynomial times (x - root) / divisor. */
  private static double[] timesLinear(double[] polynomial, double root, double divisor) {
    double[] product = new double[polynomial.length + 1];
    for (int power = 0; power < polynomial.length; power++) {
      product[power + 1] += polynomial[power] / divisor;
      product[power] -= root * polynomial[power] / divisor;
    }
    return product;
  }
}
