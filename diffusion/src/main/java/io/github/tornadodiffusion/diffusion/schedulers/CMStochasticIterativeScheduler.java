package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;
import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Multistep sampling of consistency models (Song et al. 2023, algorithm 1), as diffusers 0.27.2
 * computes it, in double precision. The sample is x_0 + sigma * noise; the timestep of the model is
 * 250 log(sigma).
 */
public final class CMStochasticIterativeScheduler implements Scheduler {
  /** For the training timesteps; the variances in it have no meaning here. */
  private final SchedulerConfig config;

  private final double sigmaMin;
  private final double sigmaMax;
  private final double sigmaData;
  private final double noiseScale;
  private final double rho;
  private final boolean clipDenoised;

  CMStochasticIterativeScheduler(JsonFields fields) {
    int timesteps = fields.integer("num_train_timesteps", 40);
    config = SchedulerConfig.of(timesteps, BetaSchedule.LINEAR, PredictionType.EPSILON);
    sigmaMin = fields.number("sigma_min", 0.002);
    sigmaMax = fields.number("sigma_max", 80);
    sigmaData = fields.number("sigma_data", 0.5);
    noiseScale = fields.number("s_noise", 1);
    rho = fields.number("rho", 7);
    clipDenoised = fields.bool("clip_denoised", true);
    check(sigmaMin >= 0, "sigma_min", sigmaMin, "at least 0");
    check(sigmaMax >= sigmaMin, "sigma_max", sigmaMax, "at least sigma_min");
    check(sigmaData > 0, "sigma_data", sigmaData, "above 0");
    check(rho > 0, "rho", rho, "above 0");
  }

  @Override
  public SchedulerConfig config() {
    return config;
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = new TreeMap<>();
    fields.put("num_train_timesteps", config.numTrainTimesteps());
    fields.put("sigma_min", sigmaMin);
    fields.put("sigma_max", sigmaMax);
    fields.put("sigma_data", sigmaData);
    fields.put("s_noise", noiseScale);
    fields.put("rho", rho);
    fields.put("clip_denoised", clipDenoised);
    return fields;
  }

  @Override
  public NoiseSchedule noiseSchedule() {
    throw new IllegalStateException(
        className() + " has levels of noise, no betas: train with another");
  }

  /** {@inheritDoc} At sigma_min its output has no effect. */
  @Override
  public Target target(ModelCall call) {
    double out = out(call.sigma());
    double skip = skip(call.sigma());
    return out == 0 ? new Target(0, 0) : new Target(-skip * call.sigma() / out, (1 - skip) / out);
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    return plan(config.timesteps(steps), options);
  }

  /** {@inheritDoc} The lowest timestep has the most noise: it counts the levels from there. */
  @Override
  public Plan plan(int[] timesteps, StepOptions options) {
    int count = timesteps.length;
    double[] sigmas = new double[count + 1];
    for (int i = 0; i < count; i++) {
      sigmas[i] = sigma(timesteps[count - 1 - i]);
    }
    sigmas[count] = sigmaMin;
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ModelCall.Builder call = call(sigmas[i], sigmas[i + 1]);
      calls.add((count > 1 ? call.drawsNoise() : call).build());
    }
    return new Plan(sigmaMax, calls);
  }

  /** The levels of Karras et al. 2022, equation 5. */
  private double sigma(int index) {
    double share = index == 0 ? 0 : index / (config.numTrainTimesteps() - 1.0);
    return Sigmas.karras(sigmaMin, sigmaMax, share, rho);
  }

  /** The weight of the sample: the boundary condition (Song et al. 2023, appendix C). */
  private double skip(double sigma) {
    double distance = sigma - sigmaMin;
    double variance = sigmaData * sigmaData;
    // At sigma_min the sample is x_0.
    return variance / (distance * distance + variance);
  }

  /** The weight of the model's output. */
  private double out(double sigma) {
    return (sigma - sigmaMin) * sigmaData / total(sigma);
  }

  private double total(double sigma) {
    return Math.hypot(sigma, sigmaData);
  }

  private ModelCall.Builder call(double sigma, double next) {
    double left = Math.clamp(next, sigmaMin, sigmaMax);
    double added = Math.sqrt(Math.max(left * left - sigmaMin * sigmaMin, 0));
    // The logarithm of 0 is not finite.
    double timestep = 250 * Math.log(Math.max(sigma, 1e-44));
    ModelCall.Builder call =
        ModelCall.at(timestep, 1 / total(sigma), 1, sigma)
            .set(ORIGINAL, term(OUTPUT, out(sigma)), term(SAMPLE, skip(sigma)));
    if (clipDenoised) {
      call.add(new Update.Clip(ORIGINAL, 1));
    }
    return call.set(SAMPLE, term(ORIGINAL, 1), term(NOISE, noiseScale * added));
  }
}
