package io.github.tornadodiffusion.diffusion.schedulers.config;

import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Set;

/**
 * The keys of scheduler_config.json that diffusers knows.
 *
 * <p>As with diffusers' {@code from_config} a file may have keys of other classes, which a class
 * ignores. What is in no class's signature is another matter: it may be of a release that draws
 * something else with it.
 */
public final class SchedulerKeys {
  /** Of the signatures of diffusers 0.40's schedulers of images, and some of early releases. */
  private static final Set<String> KNOWN =
      Set.of(
          "algorithm_type",
          "base_image_seq_len",
          "base_shift",
          "beta_end",
          "beta_schedule",
          "beta_start",
          "clip_denoised",
          "clip_sample",
          "clip_sample_range",
          "corrector_order",
          "disable_corrector",
          "dynamic_thresholding_ratio",
          "eta",
          "euler_at_final",
          "final_sigmas_type",
          "flow_shift",
          "interpolation_type",
          "invert_sigmas",
          "lambda_min_clipped",
          "lower_order_final",
          "max_image_seq_len",
          "max_shift",
          "noise_sampler_seed",
          "num_train_timesteps",
          "original_inference_steps",
          "predict_x0",
          "prediction_type",
          "predictor_order",
          "rescale_betas_zero_snr",
          "rho",
          "s_churn",
          "s_max",
          "s_min",
          "s_noise",
          "sample_max_value",
          "set_alpha_to_one",
          "set_alpha_to_zero",
          "shift",
          "shift_terminal",
          "sigma_data",
          "sigma_max",
          "sigma_min",
          "sigma_schedule",
          "skip_prk_steps",
          "solver_order",
          "solver_p",
          "solver_type",
          "steps_offset",
          "stochastic_sampling",
          "tau_func",
          // How arrays lay in memory, in releases before 0.3.
          "tensor_format",
          "thresholding",
          "time_shift_type",
          "timestep_scaling",
          "timestep_spacing",
          "timestep_type",
          "trained_betas",
          "use_beta_sigmas",
          "use_dynamic_shifting",
          "use_exponential_sigmas",
          "use_flow_sigmas",
          "use_karras_sigmas",
          "use_lu_lambdas",
          "variance_type");

  /** What prediction_type was before diffusers 0.9: whether it is epsilon, and not sample. */
  private static final String PREDICT_EPSILON = "predict_epsilon";

  private static final String PREDICTION_TYPE = "prediction_type";

  private SchedulerKeys() {}

  /**
   * Refuses keys that nobody computes.
   *
   * @throws IllegalArgumentException in one line naming the key
   */
  public static void check(JsonFields fields) {
    fields.refuseOthers(
        key -> KNOWN.contains(key) || key.equals(PREDICT_EPSILON), "diffusers' schedulers");
    boolean epsilon = !fields.hasValue(PREDICT_EPSILON) || fields.bool(PREDICT_EPSILON, true);
    if (!epsilon && !fields.hasValue(PREDICTION_TYPE)) {
      throw new IllegalArgumentException(
          "%s is false, which newer releases call %s sample: put that in its place"
              .formatted(PREDICT_EPSILON, PREDICTION_TYPE));
    }
  }
}
