package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import java.util.Map;
import java.util.Set;

/**
 * What the schedulers with betas have in common: the name of the class, the forward process, and a
 * configuration of which a class knows certain keys.
 */
abstract class VariancePreservingScheduler implements Scheduler {
  final SchedulerConfig config;
  final NoiseSchedule schedule;
  private final Set<String> keys;

  /**
   * Keeps the configuration and computes its forward process.
   *
   * @param keys those of the configuration that the class knows
   * @throws IllegalArgumentException if the betas are not allowed
   */
  VariancePreservingScheduler(SchedulerConfig config, Set<String> keys) {
    this.config = config;
    this.keys = keys;
    schedule = config.noiseSchedule();
  }

  @Override
  public final String className() {
    return getClass().getSimpleName();
  }

  @Override
  public final SchedulerConfig config() {
    return config;
  }

  @Override
  public final NoiseSchedule noiseSchedule() {
    return schedule;
  }

  /** {@inheritDoc} A new map, to which a class adds the keys of its own. */
  @Override
  public Map<String, Object> fields() {
    return config.fields(keys);
  }
}
