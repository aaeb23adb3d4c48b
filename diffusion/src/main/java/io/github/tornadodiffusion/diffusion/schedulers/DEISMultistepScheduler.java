package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import io.github.tornadodiffusion.diffusion.schedulers.config.SolverType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.FlowSigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.MultistepSolver;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels.Spread;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverOrders;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * DEIS, the exponential integrator of Zhang and Chen (2023, tAB-DEIS) with polynomials in log(rho),
 * as diffusers 0.27.2 computes it, in double precision. Those are polynomials in lambda, so it is
 * the multistep method of the predicted noise whose derivatives are those of the polynomial.
 *
 * <p>Where diffusers divides by zero this does not: between equal timesteps the order falls.
 */
public final class DEISMultistepScheduler extends VariancePreservingScheduler {
  private static final String ALGORITHM = "deis";
  private static final String SOLVER_TYPE = "logrho";

  /** Names of related classes' algorithms, which mean the one here, as in diffusers. */
  private static final Set<String> ALGORITHMS = Set.of(ALGORITHM, "dpmsolver", "dpmsolver++");

  private static final Set<String> SOLVER_TYPES =
      Set.of(SOLVER_TYPE, "midpoint", "heun", "bh1", "bh2");

  private final int solverOrder;
  private final boolean lowerOrderFinal;
  private final Sigmas spread;
  private final FlowSigmas flow;
  private final double[] table;

  DEISMultistepScheduler(JsonFields fields) {
    SchedulerConfig config = SchedulerConfig.read(fields, SolverLevels.DEFAULTS, SolverLevels.KEYS);
    solverOrder = SolverOrders.read(fields, 3);
    check("algorithm_type", fields.string("algorithm_type", ALGORITHM), ALGORITHMS, ALGORITHM);
    check("solver_type", fields.string("solver_type", SOLVER_TYPE), SOLVER_TYPES, SOLVER_TYPE);
    lowerOrderFinal = fields.bool("lower_order_final", true);
    Sigmas spread = Sigmas.read(fields);
    this.spread = spread;
    flow = FlowSigmas.read(fields, config, spread, false);
    super(config, SolverLevels.KEYS);
    table = SolverLevels.table(config, schedule);
  }

  private static void check(String key, String value, Set<String> known, String used) {
    if (!known.contains(value)) {
      throw new IllegalArgumentException("Unknown %s '%s': choose %s".formatted(key, value, used));
    }
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("solver_order", solverOrder);
    fields.put("algorithm_type", ALGORITHM);
    fields.put("solver_type", SOLVER_TYPE);
    fields.put("lower_order_final", lowerOrderFinal);
    spread.write(fields);
    if (flow != null) {
      flow.write(fields);
    }
    return fields;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SolverLevels levels =
        flow == null
            ? SolverLevels.of(
                config, table, table.length, steps, Spread.over(table, spread), table[0])
            : flow.belowNoise(steps, options.mu(), null);
    boolean fallsAtEnd = lowerOrderFinal && levels.calls() < SolverOrders.FEW_STEPS;
    IntUnaryOperator order =
        SolverOrders.fallingAtEnd(solverOrder, levels.calls(), fallsAtEnd, fallsAtEnd);
    MultistepSolver solver =
        new MultistepSolver(config, SolverAlgorithm.DPMSOLVER, SolverType.HEUN, 2);
    return Plan.of(1, first -> solver.calls(levels, first, order));
  }
}
