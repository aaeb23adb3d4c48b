package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.FinalSigma;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.ExponentialStep;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.FlowSigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels.Spread;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverOrders;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.UniPCStep;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * UniPC, a predictor and a corrector of any order (Zhao et al. 2023, algorithms 1 and 2), as
 * diffusers 0.27.2 computes it, in double precision.
 *
 * <p>Where diffusers divides by zero this does not: between equal timesteps the order falls.
 */
public final class UniPCMultistepScheduler extends VariancePreservingScheduler {
  private static final String RESCALE = "rescale_betas_zero_snr";
  private static final String SIGMA_MIN = "sigma_min";
  private static final String SIGMA_MAX = "sigma_max";
  private static final Set<String> KEYS = SolverLevels.RESCALING_KEYS;

  /** The types of related classes, which stand for bh2 as in diffusers. */
  private static final Set<String> RELATED_TYPES = Set.of("midpoint", "heun", "logrho");

  /** Far beyond any use: the weights of high orders lose precision. */
  private static final int MOST_ORDER = 9;

  /** The corrected sample of the previous call. */
  private static final int LAST = Update.OWN;

  /** The predictions of the latest call and of earlier ones, from here on. */
  private static final int PREDICTIONS = Update.OWN + 1;

  /** The function B(h) of the paper. */
  private enum Bh {
    /** h itself. */
    BH1,
    /** exp(h) - 1. */
    BH2
  }

  private final int solverOrder;
  private final boolean predictX0;
  private final Bh solverType;
  private final boolean lowerOrderFinal;
  private final List<Integer> disableCorrector;
  private final Sigmas spread;
  private final FlowSigmas flow;

  /** null in files of before the key, whose samplers end as those of sigma_min do. */
  private final FinalSigma finalSigma;

  private final Double sigmaMin;
  private final Double sigmaMax;
  private final Spread range;
  private final double[] table;

  UniPCMultistepScheduler(JsonFields fields) {
    SchedulerConfig config = SchedulerConfig.read(fields, SolverLevels.DEFAULTS, KEYS);
    solverOrder = SolverOrders.read(fields, MOST_ORDER);
    boolean predictX0 = fields.bool("predict_x0", true);
    this.predictX0 = predictX0;
    String type = fields.string("solver_type", Ids.id(Bh.BH2));
    solverType = RELATED_TYPES.contains(type) ? Bh.BH2 : Ids.parse(Bh.class, "solver_type", type);
    lowerOrderFinal = fields.bool("lower_order_final", true);
    disableCorrector = fields.integers("disable_corrector", List.of());
    if (fields.isObject("solver_p")) {
      throw new IllegalArgumentException(
          "solver_p is a scheduler: the predictor of UniPC is its own, make it null");
    }
    Sigmas spread = Sigmas.read(fields);
    this.spread = spread;
    // Karras' levels become those of flows.
    FlowSigmas flow =
        FlowSigmas.read(
            fields, config, spread == Sigmas.KARRAS ? Sigmas.TIMESTEPS : spread, !predictX0);
    this.flow = flow;
    if (flow == null) {
      refuseShifts(fields);
    }
    FinalSigma finalSigma = FinalSigma.readOr(null, fields);
    this.finalSigma = finalSigma;
    if ((finalSigma == FinalSigma.ZERO || finalSigma == null && flow != null) && !predictX0) {
      throw new IllegalArgumentException(
          FinalSigma.KEY + " zero does not go with predict_x0 false: choose sigma_min");
    }
    sigmaMin = fields.numberOrNull(SIGMA_MIN, null);
    sigmaMax = fields.numberOrNull(SIGMA_MAX, null);
    super(config, KEYS);
    table = SolverLevels.table(config, schedule);
    range = range();
  }

  /** What diffusers does with flow sigmas alone. */
  private static void refuseShifts(JsonFields fields) {
    if (fields.bool("use_dynamic_shifting", false)) {
      throw new IllegalArgumentException(
          "use_dynamic_shifting is for use_flow_sigmas: make both true or both false");
    }
    if (fields.hasValue("shift_terminal")) {
      throw new IllegalArgumentException(
          "shift_terminal is for use_flow_sigmas: make that true, or this null");
    }
  }

  private Spread range() {
    Spread whole = Spread.over(table, spread);
    double least = sigmaMin == null ? whole.least() : sigmaMin;
    double most = sigmaMax == null ? whole.most() : sigmaMax;
    if (spread != Sigmas.TIMESTEPS && !(least > 0 && least <= most)) {
      throw new IllegalArgumentException(
          "the levels go from sigma_min %s to sigma_max %s: 0 must be below both, and sigma_max not"
                  .formatted(least, most)
              + " the lower");
    }
    return new Spread(spread, least, most, whole.nearest());
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("solver_order", solverOrder);
    fields.put("predict_x0", predictX0);
    fields.put("solver_type", Ids.id(solverType));
    fields.put("lower_order_final", lowerOrderFinal);
    fields.put("disable_corrector", disableCorrector);
    fields.put("solver_p", null);
    spread.write(fields);
    // diffusers 0.27.2 does not know these keys.
    if (finalSigma != null) {
      fields.put(FinalSigma.KEY, Ids.id(finalSigma));
    }
    if (!config.rescaleBetasZeroSnr()) {
      fields.remove(RESCALE);
    }
    if (flow != null) {
      flow.write(fields);
      flow.shift().writeTerminal(fields);
    }
    if (sigmaMin != null) {
      fields.put(SIGMA_MIN, sigmaMin);
    }
    if (sigmaMax != null) {
      fields.put(SIGMA_MAX, sigmaMax);
    }
    return fields;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SolverLevels levels = flow == null ? levels(steps) : levelsOfFlow(steps, options.mu());
    return Plan.of(1, first -> calls(levels, first));
  }

  /** In newer releases, which alone have flows, zero is the end where the file does not say. */
  private SolverLevels levelsOfFlow(int steps, Double mu) {
    Double last = finalSigma == FinalSigma.SIGMA_MIN ? null : 0.0;
    if (spread == Sigmas.TIMESTEPS) {
      return flow.fromNoise(steps, mu, last);
    }
    double[] sigmas = spread.between(range.least(), range.most(), steps);
    return flow.levels(Arrays.stream(sigmas).map(sigma -> sigma / (sigma + 1)).toArray(), last);
  }

  private SolverLevels levels(int steps) {
    double least = spread == Sigmas.TIMESTEPS ? table[0] : range.least();
    double last = finalSigma == FinalSigma.ZERO ? 0 : least;
    return SolverLevels.of(config, table, table.length, steps, range, last);
  }

  private List<ModelCall> calls(SolverLevels levels, int first) {
    List<ModelCall> calls = new ArrayList<>();
    for (int i = first; i < levels.calls(); i++) {
      ModelCall.Builder call = levels.modelCall(i, config);
      if (!predictX0) {
        call.set(OUTPUT, levels.diffused(i, config.predictionType()).prediction(true, false));
      }
      int prediction = predictX0 ? ORIGINAL : OUTPUT;
      if (i > first && !disableCorrector.contains(i - 1)) {
        UniPCStep step = step(levels, i - 1, first);
        if (step != null) {
          call.set(SAMPLE, step.corrector(LAST, PREDICTIONS, prediction));
        }
      }
      for (int age = Math.min(solverOrder - 1, i - first); age > 0; age--) {
        call.set(PREDICTIONS + age, term(PREDICTIONS + age - 1, 1));
      }
      call.set(LAST, term(SAMPLE, 1)).set(PREDICTIONS, term(prediction, 1));
      UniPCStep step = step(levels, i, first);
      if (step != null) {
        call.set(SAMPLE, step.predictor(SAMPLE, PREDICTIONS));
      }
      calls.add(call.build());
    }
    return calls;
  }

  /** The step from the level of a call to the next; null if that is the same. */
  private UniPCStep step(SolverLevels levels, int i, int first) {
    double[] sigmas = levels.sigmas();
    if (sigmas[i] == sigmas[i + 1]) {
      return null;
    }
    int most = lowerOrderFinal ? Math.min(solverOrder, levels.calls() - i) : solverOrder;
    double h = levels.lambda(i + 1) - levels.lambda(i);
    double[] ratios = new double[levels.order(i, first, most) - 1];
    for (int age = 1; age <= ratios.length; age++) {
      ratios[age - 1] = (levels.lambda(i - age) - levels.lambda(i)) / h;
    }
    SolverAlgorithm algorithm =
        predictX0 ? SolverAlgorithm.DPMSOLVER_PLUS_PLUS : SolverAlgorithm.DPMSOLVER;
    ExponentialStep step = ExponentialStep.of(algorithm, levels, i, i + 1);
    // The paper sets this weight to one half where only one difference is known.
    double half = (solverType == Bh.BH1 ? -step.scale() * step.z() : step.first()) / 2;
    return new UniPCStep(step, ratios, half);
  }
}
