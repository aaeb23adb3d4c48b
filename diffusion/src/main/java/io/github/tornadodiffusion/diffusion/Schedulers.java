package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.nn.Json;
import io.github.tornadodiffusion.nn.JsonFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Schedulers by diffusers' class names, and their scheduler_config.json.
 *
 * <p>As with diffusers' {@code from_config}, the configuration of one class makes a scheduler of
 * another: keys that it knows are taken, those that are missing have their defaults, all others are
 * ignored.
 */
public final class Schedulers {
  /** The classes that exist, diffusers' names. */
  public static final List<String> CLASS_NAMES = List.of("DDPMScheduler", "DDIMScheduler");

  private static final String CLASS_NAME = "_class_name";
  private static final String SUFFIX = "Scheduler";

  private Schedulers() {}

  /**
   * diffusers' name of a class that is given in any case, with or without the word Scheduler, for
   * instance {@code ddim}.
   *
   * @throws IllegalArgumentException if there is no such class
   */
  public static String className(String name) {
    for (String className : CLASS_NAMES) {
      String shortName = className.substring(0, className.length() - SUFFIX.length());
      if (name.equalsIgnoreCase(className) || name.equalsIgnoreCase(shortName)) {
        return className;
      }
    }
    throw new IllegalArgumentException(
        "Unknown scheduler '%s': choose one of %s".formatted(name, String.join(", ", CLASS_NAMES)));
  }

  /**
   * Reads a scheduler_config.json as the class that it names.
   *
   * @throws IOException in one line naming the file, the cause and the mend
   */
  public static Scheduler read(Path file) throws IOException {
    return Json.read(
        file,
        fields -> {
          if (!fields.has(CLASS_NAME)) {
            throw new IllegalArgumentException(
                "there is no %s: it must be one of %s"
                    .formatted(CLASS_NAME, String.join(", ", CLASS_NAMES)));
          }
          return of(fields.string(CLASS_NAME, ""), fields);
        });
  }

  /**
   * Reads a scheduler_config.json, of whatever class, as the given class.
   *
   * @param className see {@link #className}
   * @throws IOException in one line naming the file, the cause and the mend
   */
  public static Scheduler read(Path file, String className) throws IOException {
    String known = className(className);
    return Json.read(file, fields -> of(known, fields));
  }

  /** A scheduler of another class with the configuration of this one. */
  public static Scheduler convert(Scheduler scheduler, String className) {
    return of(className, JsonFields.parse(toJson(scheduler)));
  }

  /**
   * A scheduler from the fields of a scheduler_config.json.
   *
   * @param className see {@link #className}
   * @throws IllegalArgumentException if a value is not allowed
   */
  static Scheduler of(String className, JsonFields fields) {
    SchedulerConfig config = config(fields);
    return switch (className(className)) {
      case "DDPMScheduler" ->
          new DDPMScheduler(
              config,
              VarianceType.of(fields.string("variance_type", VarianceType.FIXED_SMALL.id())));
      case "DDIMScheduler" -> new DDIMScheduler(config, fields.bool("set_alpha_to_one", true));
      default -> throw new AssertionError(className);
    };
  }

  private static SchedulerConfig config(JsonFields fields) {
    SchedulerConfig defaults = SchedulerConfig.DEFAULTS;
    return new SchedulerConfig(
        fields.integer("num_train_timesteps", defaults.numTrainTimesteps()),
        fields.number("beta_start", defaults.betaStart()),
        fields.number("beta_end", defaults.betaEnd()),
        BetaSchedule.of(fields.string("beta_schedule", defaults.betaSchedule().id())),
        fields.numbersOrNull("trained_betas", null),
        fields.bool("rescale_betas_zero_snr", defaults.rescaleBetasZeroSnr()),
        PredictionType.of(fields.string("prediction_type", defaults.predictionType().id())),
        fields.bool("clip_sample", defaults.clipSample()),
        fields.number("clip_sample_range", defaults.clipSampleRange()),
        fields.bool("thresholding", defaults.thresholding()),
        fields.number("dynamic_thresholding_ratio", defaults.dynamicThresholdingRatio()),
        fields.number("sample_max_value", defaults.sampleMaxValue()),
        TimestepSpacing.of(fields.string("timestep_spacing", defaults.timestepSpacing().id())),
        fields.integer("steps_offset", defaults.stepsOffset()));
  }

  /** The text of scheduler_config.json, as diffusers writes it. */
  public static String toJson(Scheduler scheduler) {
    SchedulerConfig config = scheduler.config();
    Map<String, Object> json = new TreeMap<>(scheduler.ownKeys());
    json.put(CLASS_NAME, scheduler.className());
    json.put("_diffusers_version", Json.DIFFUSERS_VERSION);
    json.put("num_train_timesteps", config.numTrainTimesteps());
    json.put("beta_start", config.betaStart());
    json.put("beta_end", config.betaEnd());
    json.put("beta_schedule", config.betaSchedule().id());
    json.put("trained_betas", config.trainedBetas());
    json.put("rescale_betas_zero_snr", config.rescaleBetasZeroSnr());
    json.put("prediction_type", config.predictionType().id());
    json.put("clip_sample", config.clipSample());
    json.put("clip_sample_range", config.clipSampleRange());
    json.put("thresholding", config.thresholding());
    json.put("dynamic_thresholding_ratio", config.dynamicThresholdingRatio());
    json.put("sample_max_value", config.sampleMaxValue());
    json.put("timestep_spacing", config.timestepSpacing().id());
    json.put("steps_offset", config.stepsOffset());
    return Json.write(json);
  }
}
