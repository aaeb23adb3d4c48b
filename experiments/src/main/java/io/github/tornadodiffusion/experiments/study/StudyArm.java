package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * One of the settings that a {@link TrainingStudy} compares.
 *
 * @param name unique, and part of file names
 * @param schedule variances of the forward process
 * @param prediction what the model predicts
 * @param variance of a step
 * @param rescaleBetasZeroSnr whether the schedule is rescaled so that the last timestep is noise
 *     alone
 */
record StudyArm(
    String name,
    BetaSchedule schedule,
    PredictionType prediction,
    VarianceType variance,
    boolean rescaleBetasZeroSnr) {
  private static final String RESCALED = "rescale_betas_zero_snr";

  /**
   * The schedule in numbers.
   *
   * @param timesteps T
   */
  NoiseSchedule noiseSchedule(int timesteps) {
    SchedulerConfig config = SchedulerConfig.of(timesteps, schedule, prediction);
    return (rescaleBetasZeroSnr ? config.withZeroTerminalSnr() : config).noiseSchedule();
  }

  /** The values by name, for the configuration of an experiment. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("beta_schedule", schedule.id());
    map.put("prediction_type", prediction.id());
    map.put("variance_type", variance.id());
    if (rescaleBetasZeroSnr) {
      map.put(RESCALED, true);
    }
    return map;
  }

  /** Reads the values of {@link #toMap} from a manifest. */
  static StudyArm of(JsonNode node) {
    return new StudyArm(
        node.path("name").asString(),
        BetaSchedule.of(node.path("beta_schedule").asString()),
        PredictionType.of(node.path("prediction_type").asString()),
        VarianceType.of(node.path("variance_type").asString()),
        node.path(RESCALED).asBoolean(false));
  }
}
