package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
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
 */
record StudyArm(
    String name, BetaSchedule schedule, PredictionType prediction, VarianceType variance) {
  /** The values by name, for the configuration of an experiment. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("beta_schedule", schedule.id());
    map.put("prediction_type", prediction.id());
    map.put("variance_type", variance.id());
    return map;
  }

  /** Reads the values of {@link #toMap} from a manifest. */
  static StudyArm of(JsonNode node) {
    return new StudyArm(
        node.path("name").asString(),
        BetaSchedule.of(node.path("beta_schedule").asString()),
        PredictionType.of(node.path("prediction_type").asString()),
        VarianceType.of(node.path("variance_type").asString()));
  }
}
