package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.nn.JsonFields;
import java.util.Map;

/**
 * The second order method of DPM-Solver-2 and of Karras et al. 2022 (algorithm 2 with the slope of
 * the step's geometric middle), as diffusers 0.27.2 computes it, in double precision. The last step
 * is Euler's. n steps call the model 2n - 1 times.
 */
public final class KDPM2DiscreteScheduler implements Scheduler {
  private static final String NAME = "KDPM2DiscreteScheduler";
  private static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.00085, 0.012);

  private final SchedulerConfig config;
  private final Sigmas spread;
  private final NoiseSchedule schedule;
  private final double[] table;

  private KDPM2DiscreteScheduler(SchedulerConfig config, Sigmas spread) {
    SigmaSteps.refuseSamplePrediction(NAME, config);
    this.config = config;
    this.spread = spread;
    schedule = config.noiseSchedule();
    table = SigmaSteps.table(config, schedule);
  }

  static KDPM2DiscreteScheduler read(JsonFields fields) {
    return new KDPM2DiscreteScheduler(
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
    return Midpoint.plan(config, spread, table, steps, false);
  }
}
