package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Diffused;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Multistep sampling of latent consistency models (Luo et al. 2023, algorithm 3), as diffusers
 * 0.27.2 computes it, in double precision: every call predicts x_0, and noise is added to reach the
 * next timestep. The timesteps are some of those that the model was distilled with.
 */
public final class LCMScheduler extends VariancePreservingScheduler {
  private static final SchedulerConfig DEFAULTS =
      SchedulerConfig.DEFAULTS.with(
          """
          {
            "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
            "clip_sample": false
          }
          """);

  /** The standard deviation of the data that the boundary condition assumes. */
  private static final double SIGMA_DATA = 0.5;

  private final int originalInferenceSteps;
  private final boolean setAlphaToOne;
  private final double timestepScaling;

  LCMScheduler(JsonFields fields) {
    SchedulerConfig config = SchedulerConfig.read(fields, DEFAULTS);
    int originalInferenceSteps = fields.integer("original_inference_steps", 50);
    if (originalInferenceSteps < 1) {
      throw new IllegalArgumentException(
          "original_inference_steps is %d: it must be at least 1"
              .formatted(originalInferenceSteps));
    }
    this.originalInferenceSteps = originalInferenceSteps;
    setAlphaToOne = fields.bool("set_alpha_to_one", true);
    timestepScaling = fields.number("timestep_scaling", 10.0);
    super(config, SchedulerConfig.KEYS);
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("original_inference_steps", originalInferenceSteps);
    fields.put("set_alpha_to_one", setAlphaToOne);
    fields.put("timestep_scaling", timestepScaling);
    return fields;
  }

  /**
   * {@inheritDoc}
   *
   * @param steps at most original_inference_steps
   */
  @Override
  public Plan plan(int steps, StepOptions options) {
    if (steps < 1 || steps > originalInferenceSteps) {
      throw new IllegalArgumentException(
          "%d sampling steps are not possible: choose 1 to %d, original_inference_steps"
              .formatted(steps, originalInferenceSteps));
    }
    if (originalInferenceSteps > config.numTrainTimesteps()) {
      throw new IllegalArgumentException(
          "original_inference_steps is %d: it must be at most %d, num_train_timesteps"
              .formatted(originalInferenceSteps, config.numTrainTimesteps()));
    }
    int stride = config.numTrainTimesteps() / originalInferenceSteps;
    double skipped = (double) originalInferenceSteps / steps;
    int[] timesteps = new int[steps];
    for (int i = 0; i < steps; i++) {
      timesteps[i] = (originalInferenceSteps - (int) Math.floor(i * skipped)) * stride - 1;
    }
    return plan(timesteps, options);
  }

  @Override
  public Plan plan(int[] timesteps, StepOptions options) {
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < timesteps.length; i++) {
      int timestep = timesteps[i];
      Diffused diffused = Diffused.of(config.predictionType(), schedule.alphaCumprod(timestep));
      // The boundary condition: at timestep 0 the sample is x_0 (Song et al. 2023, equation 5).
      double scaled = timestep * timestepScaling;
      double squares = scaled * scaled + SIGMA_DATA * SIGMA_DATA;
      double skip = SIGMA_DATA * SIGMA_DATA / squares;
      double out = scaled / Math.sqrt(squares);
      boolean last = i == timesteps.length - 1;
      double signal = last ? 1 : schedule.signal(timesteps[i + 1]);
      double sigma = last ? 0 : schedule.sigma(timesteps[i + 1]);
      ModelCall.Builder call =
          ModelCall.at(timestep, diffused.signal(), diffused.sigma())
              .set(ORIGINAL, diffused.original())
              .bound(ORIGINAL, config)
              .set(
                  SAMPLE,
                  term(ORIGINAL, signal * out),
                  term(SAMPLE, signal * skip),
                  term(NOISE, sigma));
      calls.add((last ? call : call.drawsNoise()).build());
    }
    return new Plan(1, calls);
  }
}
