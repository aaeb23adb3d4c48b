package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.TimestepSpacing;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Diffused;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Pseudo numerical methods (Liu et al. 2022, algorithm 2), as diffusers 0.27.2 computes them, in
 * double precision: three steps of Runge-Kutta with four calls each, then linear multistep steps;
 * or only these, after one step with two calls.
 */
public final class PNDMScheduler extends VariancePreservingScheduler {
  private static final SchedulerConfig DEFAULTS =
      SolverLevels.DEFAULTS.withSpacing(TimestepSpacing.LEADING);

  /** Steps of Runge-Kutta, and how many calls they have. */
  private static final int RUNGE_KUTTA_STEPS = 3;

  private static final int STAGES = 4;
  private static final double[] STAGE_WEIGHTS = {1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0};

  /** Adams-Bashforth of order 1 to 4, the newest output first. */
  private static final double[][] ADAMS_BASHFORTH = {
    {1},
    {3 / 2.0, -1 / 2.0},
    {23 / 12.0, -16 / 12.0, 5 / 12.0},
    {55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0},
  };

  /** The sample at the beginning of a step with more than one call. */
  private static final int START = Update.OWN;

  /** The outputs of the latest call and of earlier ones, from here on. */
  private static final int OUTPUTS = Update.OWN + 1;

  /** The weighted sum of the outputs of a Runge-Kutta step. */
  private static final int SUM = OUTPUTS + ADAMS_BASHFORTH.length;

  private final boolean skipPrkSteps;
  private final boolean setAlphaToOne;

  PNDMScheduler(JsonFields fields) {
    SchedulerConfig config = SchedulerConfig.read(fields, DEFAULTS, SchedulerConfig.COMMON_KEYS);
    if (config.predictionType() == PredictionType.SAMPLE) {
      throw new IllegalArgumentException(
          "PNDMScheduler knows no prediction_type sample: choose another scheduler");
    }
    skipPrkSteps = fields.bool("skip_prk_steps", false);
    setAlphaToOne = fields.bool("set_alpha_to_one", false);
    super(config, SchedulerConfig.COMMON_KEYS);
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("skip_prk_steps", skipPrkSteps);
    fields.put("set_alpha_to_one", setAlphaToOne);
    return fields;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    int[] timesteps = config.timesteps(steps);
    if (!skipPrkSteps && steps <= RUNGE_KUTTA_STEPS) {
      throw new IllegalArgumentException(
          "%d sampling steps are not possible with Runge-Kutta steps: choose at least %d, or"
                  .formatted(steps, RUNGE_KUTTA_STEPS + 1)
              + " skip_prk_steps true");
    }
    int stride = config.numTrainTimesteps() / steps;
    return Plan.of(1, first -> first > 0 ? rest(timesteps, stride, first) : all(timesteps, stride));
  }

  private List<ModelCall> all(int[] timesteps, int stride) {
    List<ModelCall> calls = new ArrayList<>();
    if (!skipPrkSteps) {
      for (int step = 0; step < RUNGE_KUTTA_STEPS; step++) {
        addRungeKutta(calls, step, timesteps[step], timesteps[step + 1], stride / 2);
      }
      addMultistep(calls, timesteps, stride, RUNGE_KUTTA_STEPS, RUNGE_KUTTA_STEPS);
    } else if (timesteps.length == 1) {
      addMultistep(calls, timesteps, stride, 0, 0);
    } else {
      calls.add(
          call(timesteps[0])
              .set(START, term(SAMPLE, 1))
              .set(OUTPUTS, term(OUTPUT, 1))
              .set(SAMPLE, transfer(SAMPLE, OUTPUT, timesteps[0], timesteps[0] - stride))
              .build());
      int second = timesteps[1];
      calls.add(
          call(second)
              .withinStep()
              .set(OUTPUT, term(OUTPUT, 0.5), term(OUTPUTS, 0.5))
              .set(SAMPLE, transfer(START, OUTPUT, second + stride, second))
              .build());
      addMultistep(calls, timesteps, stride, 1, 1);
    }
    return calls;
  }

  /** A sampling that begins midway has one call per step: multistep with rising orders. */
  private List<ModelCall> rest(int[] timesteps, int stride, int firstCall) {
    int inRungeKutta = RUNGE_KUTTA_STEPS * STAGES;
    int step;
    if (skipPrkSteps) {
      step = firstCall == 1 ? 1 : firstCall - 1;
    } else {
      step =
          firstCall < inRungeKutta
              ? Math.ceilDiv(firstCall, STAGES)
              : firstCall - inRungeKutta + RUNGE_KUTTA_STEPS;
    }
    List<ModelCall> calls = new ArrayList<>();
    addMultistep(calls, timesteps, stride, step, 0);
    return calls;
  }

  /**
   * Adds one call per step.
   *
   * @param step the first
   * @param known how many outputs of earlier calls there are
   */
  private void addMultistep(
      List<ModelCall> calls, int[] timesteps, int stride, int step, int known) {
    for (int i = step; i < timesteps.length; i++) {
      ModelCall.Builder call = call(timesteps[i]);
      int before = Math.min(known + i - step, ADAMS_BASHFORTH.length - 1);
      remember(call, before);
      double[] weights = ADAMS_BASHFORTH[before];
      Term[] terms = new Term[weights.length];
      for (int age = 0; age < weights.length; age++) {
        terms[age] = term(OUTPUTS + age, weights[age]);
      }
      call.set(OUTPUT, terms)
          .set(SAMPLE, transfer(SAMPLE, OUTPUT, timesteps[i], timesteps[i] - stride));
      calls.add(call.build());
    }
  }

  /**
   * Adds the calls of a step, at its beginning, twice at its middle and at its end.
   *
   * @param known how many outputs of earlier steps there are
   */
  private void addRungeKutta(List<ModelCall> calls, int known, int from, int to, int half) {
    int[] told = {from, to + half, to + half, to};
    int[] reached = {from - half, to + half, to, to};
    for (int stage = 0; stage < STAGES; stage++) {
      ModelCall.Builder call = call(told[stage]);
      boolean last = stage == STAGES - 1;
      if (stage == 0) {
        call.set(START, term(SAMPLE, 1));
        remember(call, known);
        call.set(SUM, term(OUTPUT, STAGE_WEIGHTS[0]));
      } else {
        call.withinStep().set(SUM, term(SUM, 1), term(OUTPUT, STAGE_WEIGHTS[stage]));
      }
      call.set(SAMPLE, transfer(START, last ? SUM : OUTPUT, from, reached[stage]));
      calls.add(call.build());
    }
  }

  private static void remember(ModelCall.Builder call, int before) {
    for (int age = before; age > 0; age--) {
      call.set(OUTPUTS + age, term(OUTPUTS + age - 1, 1));
    }
    call.set(OUTPUTS, term(OUTPUT, 1));
  }

  private ModelCall.Builder call(int timestep) {
    Diffused diffused = diffused(timestep);
    return ModelCall.at(timestep, diffused.signal(), diffused.sigma())
        .set(ORIGINAL, diffused.original());
  }

  private Diffused diffused(int timestep) {
    return Diffused.of(config.predictionType(), schedule.alphaCumprod(timestep));
  }

  /**
   * From one timestep to another without noise (equation 11, which is DDIM's step).
   *
   * @param to below 0 for the end
   */
  private Term[] transfer(int sample, int output, int from, int to) {
    Diffused before = diffused(from);
    double alphaCumprod = alphaCumprod(to, setAlphaToOne);
    double signal = Math.sqrt(alphaCumprod);
    double sigma = Math.sqrt(1 - alphaCumprod);
    Term[] original = before.original();
    Term[] noise = before.noise();
    return new Term[] {
      term(sample, signal * original[0].weight() + sigma * noise[0].weight()),
      term(output, signal * original[1].weight() + sigma * noise[1].weight())
    };
  }
}
