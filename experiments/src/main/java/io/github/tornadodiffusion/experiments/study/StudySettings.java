package io.github.tornadodiffusion.experiments.study;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a {@link TrainingStudy} measures for every model.
 *
 * @param seeds the number of models per arm
 * @param samples images for every figure
 * @param sampleSteps numbers of sampling steps, ascending
 * @param scheduler diffusers' class name of the sampler
 * @param boundTimesteps timesteps at which the variational bound is evaluated for every image
 * @param heldOutImages images to measure denoising on, at most
 * @param classifierSteps training steps of the classifier in whose features samples are compared
 */
record StudySettings(
    int seeds,
    int samples,
    List<Integer> sampleSteps,
    String scheduler,
    int boundTimesteps,
    int heldOutImages,
    int classifierSteps) {
  /** The values by name. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("seeds", seeds);
    map.put("samples", samples);
    map.put("sample_steps", sampleSteps);
    map.put("scheduler", scheduler);
    map.put("bound_timesteps", boundTimesteps);
    map.put("classifier_steps", classifierSteps);
    return map;
  }
}
