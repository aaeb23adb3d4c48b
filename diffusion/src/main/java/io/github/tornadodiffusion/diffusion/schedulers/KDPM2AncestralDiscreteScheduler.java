package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.nn.JsonFields;
import java.util.Map;

/**
 * {@link KDPM2DiscreteScheduler} with ancestral sampling: every step goes lower than the next level
 * and adds noise up to it, as diffusers 0.27.2 computes it, in double precision.
 */
public final class KDPM2AncestralDiscreteScheduler implements Scheduler {
  private static final String NAME = "KDPM2AncestralDiscreteScheduler";
  private static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.00085, 0.012);

  private final SchedulerConfig config;
  private final Sigmas spread;
  private final NoiseSchedule schedule;
  private final double[] table;

  private KDPM2AncestralDiscreteScheduler(SchedulerConfig config, Sigmas spread) {
    SigmaSteps.refuseSamplePrediction(NAME, config);
    this.config = config;
    this.spread = spread;
    schedule = config.noiseSchedule();
    table = SigmaSteps.table(config, schedule);
  }

  static KDPM2AncestralDiscreteScheduler read(JsonFields fields) {
    return new KDPM2AncestralDiscreteScheduler(
        SchedulerConfig.read(fields, DEFAULTS, SigmaSteps.KEYS), Sigmas.read(fields));
  }

  @Override
  public String className() {
    return NAME;
  }

  @Override
  public SchedulerConfig config() {
    return config;
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = config.fields(SigmaSteps.KEYS);
    spread.write(fields);
    return fields;
  }

  @Override
  public NoiseSchedule noiseSchedule() {
    return schedule;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    return Midpoint.plan(config, spread, table, steps, true);
  }
}
