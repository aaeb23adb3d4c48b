package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
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
 * DPM-Solver and DPM-Solver++ as multistep methods (Lu et al. 2022), of the ODE or the SDE, as
 * diffusers 0.27.2 computes them, in double precision.
 *
 * <p>Where diffusers divides by zero this does not: between equal timesteps the order falls.
 */
public final class DPMSolverMultistepScheduler extends DPMSolverScheduler {
  private static final Set<String> KEYS = SolverLevels.RESCALING_KEYS;

  private final boolean eulerAtFinal;
  private final boolean luLambdas;

  DPMSolverMultistepScheduler(JsonFields fields) {
    boolean luLambdas = fields.bool("use_lu_lambdas", false);
    super(fields, KEYS, true, luLambdas, SolverAlgorithm.values());
    this.luLambdas = luLambdas;
    eulerAtFinal = fields.bool("euler_at_final", false);
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("euler_at_final", eulerAtFinal);
    fields.put("use_lu_lambdas", luLambdas);
    return fields;
  }

  @Override
  public boolean needsVariance() {
    return varianceType != null && varianceType.learned();
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SolverLevels levels = levels(steps, options, spread());
    int end = levels.calls();
    boolean fallsAtEnd = lowerOrderFinal && end < SolverOrders.FEW_STEPS;
    boolean firstOrderAtEnd = fallsAtEnd || eulerAtFinal || endsAtZero;
    IntUnaryOperator order =
        SolverOrders.fallingAtEnd(solverOrder, end, firstOrderAtEnd, fallsAtEnd);
    MultistepSolver solver = new MultistepSolver(config, algorithm, solverType, 1);
    return Plan.of(1, first -> solver.calls(levels, first, order));
  }

  /** With a rho of 1 the spread of Lu et al. is even in the logarithm. */
  private Spread spread() {
    if (luLambdas && spread != Sigmas.KARRAS) {
      return new Spread(Sigmas.EXPONENTIAL, table[0], table[table.length - 1], true);
    }
    return Spread.over(table, spread);
  }
}
