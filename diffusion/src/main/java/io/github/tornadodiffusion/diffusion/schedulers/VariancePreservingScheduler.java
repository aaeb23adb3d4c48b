package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import java.util.Map;
import java.util.Set;

/**
 * A scheduler for models whose forward process keeps the variance, x_t = signal * x_0 + sigma *
 * noise with signal^2 + sigma^2 = 1: it has betas, and a configuration with certain keys. A class
 * of another package extends it with a public constructor of the fields of scheduler_config.json,
 * {@link io.github.tornadodiffusion.nn.io.JsonFields}.
 */
public abstract class VariancePreservingScheduler implements Scheduler {
  /** The configuration that classes have in common. */
  protected final SchedulerConfig config;

  /** The forward process of the configuration. */
  protected final NoiseSchedule schedule;

  private final Set<String> keys;

  /**
   * Keeps the configuration and computes its forward process.
   *
   * @param keys of the configuration that the class knows
   * @throws IllegalArgumentException if the betas are not allowed
   */
  protected VariancePreservingScheduler(SchedulerConfig config, Set<String> keys) {
    this.config = config;
    this.keys = keys;
    schedule = config.noiseSchedule();
  }

  @Override
  public final SchedulerConfig config() {
    return config;
  }

  @Override
  public final NoiseSchedule noiseSchedule() {
    return schedule;
  }

  /**
   * The share of the signal at a timestep.
   *
   * @param setAlphaToOne whether below the first timestep, at -1 or less, it is 1 and not the first
   */
  final double alphaCumprod(int timestep, boolean setAlphaToOne) {
    return timestep < 0 && setAlphaToOne ? 1 : schedule.alphaCumprod(Math.max(0, timestep));
  }

  /** {@inheritDoc} A new map, to which a class adds its own keys. */
  @Override
  public Map<String, Object> fields() {
    return config.fields(keys);
  }
}
