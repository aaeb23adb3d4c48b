package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.FinalSigma;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverType;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.FlowSigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.MultistepSolver;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels.Spread;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverOrders;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * DPM-Solver and DPM-Solver++ as multistep methods (Lu et al. 2022), of the ODE or the SDE, as
 * diffusers 0.27.2 computes them, in double precision.
 *
 * <p>Where diffusers divides by zero this does not: between equal timesteps the order falls.
 */
public final class DPMSolverMultistepScheduler extends VariancePreservingScheduler {
  private static final Set<String> KEYS = SolverLevels.RESCALING_KEYS;

  private final int solverOrder;
  private final SolverAlgorithm algorithm;
  private final SolverType solverType;
  private final boolean lowerOrderFinal;
  private final boolean eulerAtFinal;
  private final Sigmas spread;
  private final boolean luLambdas;
  private final FlowSigmas flow;
  private final FinalSigma finalSigma;
  private final double lambdaMinClipped;
  private final VarianceType varianceType;
  private final double[] table;
  private final int kept;

  DPMSolverMultistepScheduler(JsonFields fields) {
    SchedulerConfig config = SchedulerConfig.read(fields, SolverLevels.DEFAULTS, KEYS);
    SolverAlgorithm algorithm =
        SolverAlgorithm.of(
            fields.string("algorithm_type", SolverAlgorithm.DPMSOLVER_PLUS_PLUS.id()),
            SolverAlgorithm.values());
    int solverOrder = SolverOrders.read(fields, 3);
    if (solverOrder == 3 && algorithm == SolverAlgorithm.SDE_DPMSOLVER) {
      throw new IllegalArgumentException(
          "solver_order 3 does not go with algorithm_type %s: choose 1 or 2"
              .formatted(algorithm.id()));
    }
    this.solverOrder = solverOrder;
    solverType = SolverType.of(fields.string("solver_type", Ids.id(SolverType.MIDPOINT)));
    lowerOrderFinal = fields.bool("lower_order_final", true);
    eulerAtFinal = fields.bool("euler_at_final", false);
    boolean luLambdas = fields.bool("use_lu_lambdas", false);
    this.luLambdas = luLambdas;
    Sigmas spread = Sigmas.read(fields);
    this.spread = spread;
    flow =
        FlowSigmas.read(
            fields, config, luLambdas ? Sigmas.EXPONENTIAL : spread, algorithm.predictsNoise());
    this.algorithm = algorithm;
    finalSigma = FinalSigma.read(fields, algorithm);
    lambdaMinClipped = fields.numberOrInfinity("lambda_min_clipped", Double.NEGATIVE_INFINITY);
    String variance = fields.stringOrNull("variance_type", null);
    varianceType = variance == null ? null : VarianceType.of(variance);
    super(config, KEYS);
    table = SolverLevels.table(config, schedule);
    kept = SolverLevels.kept(table, lambdaMinClipped);
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("solver_order", solverOrder);
    fields.put("algorithm_type", algorithm.id());
    fields.put("solver_type", Ids.id(solverType));
    fields.put("lower_order_final", lowerOrderFinal);
    fields.put("euler_at_final", eulerAtFinal);
    fields.put("use_lu_lambdas", luLambdas);
    fields.put(FinalSigma.KEY, Ids.id(finalSigma));
    fields.put("lambda_min_clipped", lambdaMinClipped);
    fields.put("variance_type", varianceType == null ? null : varianceType.id());
    spread.write(fields);
    if (flow != null) {
      flow.write(fields);
    }
    return fields;
  }

  @Override
  public boolean needsVariance() {
    return varianceType != null && varianceType.learned();
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    double last = finalSigma == FinalSigma.ZERO ? 0 : table[0];
    SolverLevels levels =
        flow == null
            ? SolverLevels.of(config, table, kept, steps, levels(), last)
            : flow.belowNoise(steps, options.mu(), last);
    int end = levels.calls();
    boolean fallsAtEnd = lowerOrderFinal && end < SolverOrders.FEW_STEPS;
    boolean firstOrderAtEnd = fallsAtEnd || eulerAtFinal || finalSigma == FinalSigma.ZERO;
    IntUnaryOperator order =
        SolverOrders.fallingAtEnd(solverOrder, end, firstOrderAtEnd, fallsAtEnd);
    MultistepSolver solver = new MultistepSolver(config, algorithm, solverType, 1);
    return Plan.of(1, first -> solver.calls(levels, first, order));
  }

  /** With a rho of 1 the spread of Lu et al. is even in the logarithm. */
  private Spread levels() {
    if (luLambdas && spread != Sigmas.KARRAS) {
      return new Spread(Sigmas.EXPONENTIAL, table[0], table[table.length - 1], true);
    }
    return Spread.over(table, spread);
  }
}
