package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.TimestepSpacing;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Diffused;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * DDIM backwards, from an image to the noise that it comes from (Song et al. 2021, section 4.3), as
 * diffusers 0.27.2 computes it, in double precision. Timesteps rise: a call gets the timestep that
 * its step leads to, while the sample is still at the previous one, at first the image.
 */
public final class DDIMInverseScheduler extends VariancePreservingScheduler {
  private static final Set<String> KEYS =
      SchedulerConfig.commonKeysAnd("clip_sample", "clip_sample_range", "rescale_betas_zero_snr");

  private final boolean setAlphaToOne;

  DDIMInverseScheduler(JsonFields fields) {
    SchedulerConfig config = SchedulerConfig.read(fields, SchedulerConfig.DEFAULTS, KEYS);
    if (config.timestepSpacing() == TimestepSpacing.LINSPACE) {
      throw new IllegalArgumentException(
          "DDIMInverseScheduler knows no timestep_spacing linspace: choose leading or trailing");
    }
    // The name that the key had before, which diffusers gives precedence.
    setAlphaToOne =
        fields.bool(
            fields.hasValue("set_alpha_to_zero") ? "set_alpha_to_zero" : "set_alpha_to_one", true);
    super(config, KEYS);
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("set_alpha_to_one", setAlphaToOne);
    return fields;
  }

  /** The first sample of the plan is an image, not noise. */
  @Override
  public Plan plan(int steps, StepOptions options) {
    int[] falling = config.timesteps(steps);
    int stride = config.numTrainTimesteps() / steps;
    List<ModelCall> calls = new ArrayList<>();
    for (int i = steps - 1; i >= 0; i--) {
      calls.add(call(falling[i] - stride, falling[i]));
    }
    Diffused end = Diffused.of(config.predictionType(), schedule.alphaCumprod(falling[0]));
    return new Plan(1, calls).withEnd(end.signal(), end.sigma());
  }

  private ModelCall call(int from, int to) {
    Diffused before = Diffused.of(config.predictionType(), alphaCumprod(from, setAlphaToOne));
    return ModelCall.at(to, before.signal(), before.sigma())
        .set(ORIGINAL, before.original())
        .set(OUTPUT, before.noise())
        .bound(ORIGINAL, config)
        .set(SAMPLE, term(ORIGINAL, schedule.signal(to)), term(OUTPUT, schedule.sigma(to)))
        .build();
  }
}
