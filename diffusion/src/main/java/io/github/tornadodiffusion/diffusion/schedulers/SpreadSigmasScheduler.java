package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Map;
import java.util.Set;

/** A scheduler of the variance exploding view whose levels can be spread. */
abstract class SpreadSigmasScheduler extends VariancePreservingScheduler {
  final Sigmas spread;

  /** The level of every training timestep. */
  final double[] table;

  /**
   * Reads a configuration.
   *
   * @param keys of the configuration that the class knows
   */
  SpreadSigmasScheduler(JsonFields fields, SchedulerConfig defaults, Set<String> keys) {
    super(SchedulerConfig.read(fields, defaults, keys), keys);
    spread = Sigmas.read(fields);
    table = SigmaSteps.table(config, schedule);
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    spread.write(fields);
    return fields;
  }
}
