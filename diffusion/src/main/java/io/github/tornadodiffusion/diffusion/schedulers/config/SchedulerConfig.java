package io.github.tornadodiffusion.diffusion.schedulers.config;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The part of scheduler_config.json that classes have in common; the components are diffusers' keys
 * in camel case.
 *
 * @param numTrainTimesteps T
 * @param betaStart the first variance; see {@link BetaSchedule}
 * @param betaEnd the last variance
 * @param betaSchedule the variances between them
 * @param trainedBetas the variances themselves, in place of the schedule, of T or more timesteps;
 *     null for none
 * @param rescaleBetasZeroSnr whether the last timestep is rescaled to be pure noise (Lin et al.
 *     2023)
 * @param predictionType what the model predicts
 * @param clipSample whether a predicted x_0 is clipped to [-clipSampleRange, clipSampleRange]
 * @param clipSampleRange see clipSample
 * @param thresholding whether a predicted x_0 is clipped to a quantile of its own values instead,
 *     and divided by it (Saharia et al. 2022, Imagen, section 2.3)
 * @param dynamicThresholdingRatio which quantile, 0..1
 * @param sampleMaxValue upper limit of the quantile
 * @param timestepSpacing which timesteps a sampler visits
 * @param stepsOffset added to the timesteps of leading spacing
 */
public record SchedulerConfig(
    int numTrainTimesteps,
    double betaStart,
    double betaEnd,
    BetaSchedule betaSchedule,
    List<Double> trainedBetas,
    boolean rescaleBetasZeroSnr,
    PredictionType predictionType,
    boolean clipSample,
    double clipSampleRange,
    boolean thresholding,
    double dynamicThresholdingRatio,
    double sampleMaxValue,
    TimestepSpacing timestepSpacing,
    int stepsOffset) {

  /** The key that asks solvers for the levels of flows; they know another prediction with it. */
  public static final String USE_FLOW_SIGMAS = "use_flow_sigmas";

  /** Far beyond any use, and small enough for a table with one row per timestep. */
  private static final int MOST_TIMESTEPS = 1_000_000;

  /** diffusers' defaults. */
  public static final SchedulerConfig DEFAULTS =
      new SchedulerConfig(
          1000,
          0.0001,
          0.02,
          BetaSchedule.LINEAR,
          null,
          false,
          PredictionType.EPSILON,
          true,
          1.0,
          false,
          0.995,
          1.0,
          TimestepSpacing.LEADING,
          0);

  /** All keys, which are those of diffusers' DDPM and DDIM. */
  public static final Set<String> KEYS = Set.copyOf(DEFAULTS.fields().keySet());

  /** The keys of every class with betas. */
  public static final Set<String> COMMON_KEYS =
      Set.of(
          "num_train_timesteps",
          "beta_start",
          "beta_end",
          "beta_schedule",
          "trained_betas",
          "prediction_type",
          "timestep_spacing",
          "steps_offset");

  /** The common keys and others. */
  public static Set<String> commonKeysAnd(String... others) {
    return Stream.concat(COMMON_KEYS.stream(), Arrays.stream(others))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Checks the values. */
  public SchedulerConfig {
    if (trainedBetas != null) {
      trainedBetas = List.copyOf(trainedBetas);
    }
    check(
        numTrainTimesteps >= 1 && numTrainTimesteps <= MOST_TIMESTEPS,
        "num_train_timesteps",
        numTrainTimesteps,
        "from 1 to " + MOST_TIMESTEPS);
    check(betaStart >= 0 && betaStart <= 1, "beta_start", betaStart, "from 0 to 1");
    check(betaEnd >= 0 && betaEnd <= 1, "beta_end", betaEnd, "from 0 to 1");
    check(clipSampleRange > 0, "clip_sample_range", clipSampleRange, "above 0");
    check(sampleMaxValue > 0, "sample_max_value", sampleMaxValue, "above 0");
    check(
        dynamicThresholdingRatio >= 0 && dynamicThresholdingRatio <= 1,
        "dynamic_thresholding_ratio",
        dynamicThresholdingRatio,
        "from 0 to 1");
    check(
        stepsOffset >= 0 && stepsOffset <= numTrainTimesteps,
        "steps_offset",
        stepsOffset,
        "from 0 to num_train_timesteps");
    check(
        trainedBetas == null || trainedBetas.size() >= numTrainTimesteps,
        "trained_betas",
        (trainedBetas == null ? 0 : trainedBetas.size()) + " values",
        "at least " + numTrainTimesteps + " values, num_train_timesteps");
  }

  /**
   * A configuration for training a new model, with diffusers' defaults for the rest.
   *
   * @param numTrainTimesteps T
   */
  public static SchedulerConfig of(
      int numTrainTimesteps, BetaSchedule betaSchedule, PredictionType predictionType) {
    return new SchedulerConfig(
        numTrainTimesteps,
        DEFAULTS.betaStart,
        DEFAULTS.betaEnd,
        betaSchedule,
        null,
        false,
        predictionType,
        DEFAULTS.clipSample,
        DEFAULTS.clipSampleRange,
        DEFAULTS.thresholding,
        DEFAULTS.dynamicThresholdingRatio,
        DEFAULTS.sampleMaxValue,
        DEFAULTS.timestepSpacing,
        DEFAULTS.stepsOffset);
  }

  /** The same, rescaled so that the last timestep is noise alone. */
  public SchedulerConfig withZeroTerminalSnr() {
    return with(true, timestepSpacing, stepsOffset);
  }

  /** The same with another spacing. */
  public SchedulerConfig withSpacing(TimestepSpacing spacing) {
    return with(rescaleBetasZeroSnr, spacing, stepsOffset);
  }

  /** The same with another offset of leading timesteps. */
  public SchedulerConfig withStepsOffset(int offset) {
    return with(rescaleBetasZeroSnr, timestepSpacing, offset);
  }

  /** The same with other values, those of the JSON of a scheduler_config.json. */
  public SchedulerConfig with(String json) {
    return read(JsonFields.parse(json), this);
  }

  private SchedulerConfig with(boolean zeroTerminalSnr, TimestepSpacing spacing, int offset) {
    return new SchedulerConfig(
        numTrainTimesteps,
        betaStart,
        betaEnd,
        betaSchedule,
        trainedBetas,
        zeroTerminalSnr,
        predictionType,
        clipSample,
        clipSampleRange,
        thresholding,
        dynamicThresholdingRatio,
        sampleMaxValue,
        spacing,
        offset);
  }

  /**
   * The variances and their products.
   *
   * @throws IllegalArgumentException if the variances are not in [0, 1)
   */
  public NoiseSchedule noiseSchedule() {
    double[] betas = betas();
    // Checks the variances before the rescaling divides by them.
    NoiseSchedule schedule = new NoiseSchedule(betas);
    return rescaleBetasZeroSnr
        ? new NoiseSchedule(BetaSchedule.rescaleZeroTerminalSnr(betas))
        : schedule;
  }

  private double[] betas() {
    if (trainedBetas != null) {
      return trainedBetas.stream().mapToDouble(Double::doubleValue).toArray();
    }
    double[] betas = betaSchedule.betas(numTrainTimesteps, betaStart, betaEnd);
    check(
        betas.length == numTrainTimesteps,
        "the number of variances of " + betaSchedule.id(),
        betas.length,
        numTrainTimesteps + ", num_train_timesteps");
    return betas;
  }

  /**
   * Reads the keys that exist; the others have the given values.
   *
   * @throws IllegalArgumentException if a value is not allowed
   */
  public static SchedulerConfig read(JsonFields fields, SchedulerConfig defaults) {
    return read(fields, defaults, KEYS);
  }

  /** Reads the keys of a class that knows only some of them, and ignores the others. */
  public static SchedulerConfig read(
      JsonFields fields, SchedulerConfig defaults, Set<String> keys) {
    return readAll(fields.only(keys), defaults);
  }

  private static SchedulerConfig readAll(JsonFields fields, SchedulerConfig defaults) {
    List<Double> trained = fields.numbersOrNull("trained_betas", null);
    // With betas of its own a file need not say of which schedule they are.
    BetaSchedule schedule =
        trained != null && !fields.hasValue("beta_schedule")
            ? defaults.betaSchedule()
            : BetaSchedule.of(fields.string("beta_schedule", defaults.betaSchedule().id()));
    boolean ranged =
        trained == null
            && !schedule.equals(BetaSchedule.SQUAREDCOS_CAP_V2)
            && !schedule.equals(BetaSchedule.LAPLACE)
            && !schedule.equals(BetaSchedule.EXP);
    String prediction = fields.string("prediction_type", defaults.predictionType().id());
    boolean clipped = fields.bool("clip_sample", defaults.clipSample());
    boolean thresholding = fields.bool("thresholding", defaults.thresholding());
    TimestepSpacing spacing =
        TimestepSpacing.of(fields.string("timestep_spacing", defaults.timestepSpacing().id()));
    return new SchedulerConfig(
        fields.integer("num_train_timesteps", defaults.numTrainTimesteps()),
        number(fields, "beta_start", defaults.betaStart(), ranged),
        number(fields, "beta_end", defaults.betaEnd(), ranged),
        schedule,
        trained,
        fields.bool("rescale_betas_zero_snr", defaults.rescaleBetasZeroSnr()),
        fields.bool(USE_FLOW_SIGMAS, false)
            ? PredictionType.ofFlow(prediction)
            : PredictionType.of(prediction),
        clipped,
        number(fields, "clip_sample_range", defaults.clipSampleRange(), clipped),
        thresholding,
        number(
            fields,
            "dynamic_thresholding_ratio",
            defaults.dynamicThresholdingRatio(),
            thresholding),
        number(fields, "sample_max_value", defaults.sampleMaxValue(), thresholding),
        spacing,
        spacing == TimestepSpacing.LEADING || fields.hasValue("steps_offset")
            ? fields.integer("steps_offset", defaults.stepsOffset())
            : defaults.stepsOffset());
  }

  /** A number that may be null where nothing is computed with it, as in Python. */
  private static double number(JsonFields fields, String key, double fallback, boolean used) {
    return used || fields.hasValue(key) ? fields.number(key, fallback) : fallback;
  }

  /**
   * All keys, in a new map. A schedule that diffusers does not know is written as its values, so
   * that diffusers, and anybody without the class, can read them.
   */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new TreeMap<>();
    fields.put("num_train_timesteps", numTrainTimesteps);
    fields.put("beta_start", betaStart);
    fields.put("beta_end", betaEnd);
    boolean known = betaSchedule.isKnownToDiffusers();
    fields.put("beta_schedule", (known ? betaSchedule : DEFAULTS.betaSchedule).id());
    fields.put("trained_betas", known ? trainedBetas : Arrays.stream(betas()).boxed().toList());
    fields.put("rescale_betas_zero_snr", rescaleBetasZeroSnr);
    fields.put("prediction_type", predictionType.id());
    fields.put("clip_sample", clipSample);
    fields.put("clip_sample_range", clipSampleRange);
    fields.put("thresholding", thresholding);
    fields.put("dynamic_thresholding_ratio", dynamicThresholdingRatio);
    fields.put("sample_max_value", sampleMaxValue);
    fields.put("timestep_spacing", timestepSpacing.id());
    fields.put("steps_offset", stepsOffset);
    return fields;
  }

  /** The given keys, in a new map. */
  public Map<String, Object> fields(Set<String> keys) {
    Map<String, Object> fields = fields();
    fields.keySet().retainAll(keys);
    return fields;
  }

  /** The timesteps of a sampler with n steps, highest first. */
  public int[] timesteps(int steps) {
    return timestepSpacing.timesteps(numTrainTimesteps, steps, stepsOffset);
  }

  /** The timesteps of a sampler with n steps that uses fractional timesteps, highest first. */
  public double[] exactTimesteps(int steps) {
    return timestepSpacing.exactTimesteps(numTrainTimesteps, steps, stepsOffset);
  }
}
