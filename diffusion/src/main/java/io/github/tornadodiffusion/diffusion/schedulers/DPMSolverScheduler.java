package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.FinalSigma;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverType;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.FlowSigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels.Spread;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverOrders;
import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Map;
import java.util.Set;

/** {@link DPMSolverMultistepScheduler} and {@link DPMSolverSinglestepScheduler}. */
abstract class DPMSolverScheduler extends VariancePreservingScheduler {
  final int solverOrder;
  final SolverAlgorithm algorithm;
  final SolverType solverType;
  final boolean lowerOrderFinal;
  final Sigmas spread;
  final boolean endsAtZero;
  final VarianceType varianceType;

  /** The level of every training timestep. */
  final double[] table;

  private final FlowSigmas flow;
  private final FinalSigma finalSigma;
  private final double lambdaMinClipped;
  private final int kept;

  /**
   * Reads a configuration.
   *
   * @param lowerOrderFinal the default of that key
   * @param luLambdas whether the levels may be even in their logarithm, which flows have not
   * @param algorithms those that the class knows
   */
  DPMSolverScheduler(
      JsonFields fields,
      Set<String> keys,
      boolean lowerOrderFinal,
      boolean luLambdas,
      SolverAlgorithm... algorithms) {
    SchedulerConfig config = SchedulerConfig.read(fields, SolverLevels.DEFAULTS, keys);
    SolverAlgorithm algorithm =
        SolverAlgorithm.of(
            fields.string("algorithm_type", SolverAlgorithm.DPMSOLVER_PLUS_PLUS.id()), algorithms);
    int solverOrder = SolverOrders.read(fields, 3);
    if (solverOrder == 3 && algorithm == SolverAlgorithm.SDE_DPMSOLVER) {
      throw new IllegalArgumentException(
          "solver_order 3 does not go with algorithm_type %s: choose 1 or 2"
              .formatted(algorithm.id()));
    }
    Sigmas spread = Sigmas.read(fields);
    super(config, keys);
    this.solverOrder = solverOrder;
    this.algorithm = algorithm;
    solverType = SolverType.of(fields.string("solver_type", Ids.id(SolverType.MIDPOINT)));
    this.lowerOrderFinal = fields.bool("lower_order_final", lowerOrderFinal);
    this.spread = spread;
    flow =
        FlowSigmas.read(
            fields, config, luLambdas ? Sigmas.EXPONENTIAL : spread, algorithm.predictsNoise());
    finalSigma = FinalSigma.read(fields, algorithm);
    endsAtZero = finalSigma == FinalSigma.ZERO;
    lambdaMinClipped = fields.numberOrInfinity("lambda_min_clipped", Double.NEGATIVE_INFINITY);
    String variance = fields.stringOrNull("variance_type", null);
    varianceType = variance == null ? null : VarianceType.of(variance);
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
    fields.put(FinalSigma.KEY, Ids.id(finalSigma));
    fields.put("lambda_min_clipped", lambdaMinClipped);
    fields.put("variance_type", varianceType == null ? null : varianceType.id());
    spread.write(fields);
    if (flow != null) {
      flow.write(fields);
    }
    return fields;
  }

  /** The levels of a number of steps, spread like that unless they are those of flows. */
  final SolverLevels levels(int steps, StepOptions options, Spread spread) {
    double last = endsAtZero ? 0 : table[0];
    return flow == null
        ? SolverLevels.of(config, table, kept, steps, spread, last)
        : flow.belowNoise(steps, options.mu(), last);
  }
}
