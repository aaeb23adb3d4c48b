package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMInverseScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.SamplerName;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.diffusion.schedulers.VariancePreservingScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** The options of the sampler. */
final class SamplerOptions {
  /** The limit of sigma / signal; a linear schedule ends at 157. */
  private static final double MOST_NOISE = 1000;

  /** Half a digit of a float. */
  private static final double LEAST_SIGNAL = 0x1p-24;

  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      description =
          "As ddim, euler, heun, 'dpm++ 2m karras', any other of diffusers', or a class of your"
              + " own, see --plugin (default: the model's own).")
  String scheduler;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "100",
      description = "Steps from noise to image (default: ${DEFAULT-VALUE}).")
  int steps;

  @Option(
      names = "--eta",
      paramLabel = "F",
      description = "Noise that a step of ddim adds: 0 (none, the default) to 1 (as much as ddpm).")
  Double eta;

  @Option(
      names = "--mu",
      paramLabel = "F",
      description =
          "How far the levels of a flow are shifted to the noise, where its scheduler has"
              + " use_dynamic_shifting.")
  Double mu;

  /** Reads a model with the requested scheduler, or its own. */
  DiffusionModel read(Path model) throws IOException {
    return scheduler == null ? DiffusionModel.read(model) : DiffusionModel.read(model, scheduler);
  }

  /** What the name that was given stands for, where it is not that of a class, short or long. */
  Optional<String> explanation() {
    return Optional.ofNullable(scheduler)
        .filter(name ->
            !SamplerName.of(name)
                .description()
                .matches("(?i)" + Pattern.quote(name) + "(Scheduler)?"))
        .map(name ->
            "scheduler %s: %s".formatted(Messages.line(name), SamplerName.of(name).description()));
  }

  /**
   * The calls of the model.
   *
   * @throws IllegalArgumentException in one line if the options do not fit the scheduler
   */
  Sampling sampling(Scheduler of) {
    if (of instanceof DDIMInverseScheduler) {
      throw new IllegalArgumentException(
          of.className() + " leads from images to noise; draw with another --scheduler");
    }
    if (eta != null && !(of instanceof DDIMScheduler)) {
      throw new IllegalArgumentException(
          "--eta is for ddim and this is %s; leave it out or add --scheduler ddim"
              .formatted(of.className()));
    }
    if (mu != null && !Boolean.TRUE.equals(of.fields().get("use_dynamic_shifting"))) {
      throw new IllegalArgumentException(
          "--mu is for schedulers with use_dynamic_shifting and this %s has none; leave it out"
              .formatted(of.className()));
    }
    StepOptions defaults = StepOptions.DEFAULTS;
    return Sampling.of(
        of,
        steps,
        new StepOptions(eta == null ? 0 : eta, false, defaults.churn(), defaults.order(), mu));
  }

  /**
   * What to know of a sampler that begins where there is nearly nothing but noise: an error of the
   * predicted noise makes an error of x_0 that is larger by sigma / signal. It stays, unless x_0 is
   * bounded; without any signal there is nothing else, and a bound makes it look like an image.
   *
   * @param first the call that the sampler begins with
   */
  static Optional<String> warning(Scheduler scheduler, ModelCall first) {
    if (scheduler.target(first).original() != 0) {
      // The model says something of the image itself.
      return Optional.empty();
    }
    String begins =
        "%s begins at timestep %.0f with ".formatted(scheduler.className(), first.timestep());
    if (isWithoutSignal(scheduler, first)) {
      return Optional.of(
          begins
              + "noise alone, of which a prediction of the noise says nothing; make"
              + " rescale_betas_zero_snr false or set timestep_spacing leading in its"
              + " scheduler_config.json, or take a model of prediction_type v_prediction or"
              + " sample");
    }
    double noise = first.sigma() / first.signal();
    boolean bounded =
        first.updates().stream()
            .anyMatch(
                update -> update instanceof Update.Clip || update instanceof Update.Threshold);
    if (bounded || noise < MOST_NOISE) {
      return Optional.empty();
    }
    return Optional.of(
        begins
            + "%.0f times as much noise as image, of which a prediction of the noise says little;"
                .formatted(noise)
            + " take another --scheduler, or set timestep_spacing leading or lambda_min_clipped"
            + " -5.1 in its scheduler_config.json");
  }

  /** Samplers put a large number in the place of an infinite level, but the training has none. */
  private static boolean isWithoutSignal(Scheduler scheduler, ModelCall first) {
    if (first.signal() < LEAST_SIGNAL) {
      return true;
    }
    if (!(scheduler instanceof VariancePreservingScheduler)) {
      return false;
    }
    NoiseSchedule schedule = scheduler.noiseSchedule();
    int timestep = Math.clamp((int) Math.rint(first.timestep()), 0, schedule.timesteps() - 1);
    return schedule.signal(timestep) < LEAST_SIGNAL;
  }

  /** Adds the options to the text of the files. */
  void describe(Sampling sampling, Map<String, String> text) {
    text.put("scheduler", sampling.scheduler().className());
    String options = scheduler == null ? "" : SamplerName.of(scheduler).optionText();
    if (!options.isEmpty()) {
      text.put("scheduler options", options);
    }
    text.put("steps", Integer.toString(steps));
    if (eta != null) {
      text.put("eta", eta.toString());
    }
    if (mu != null) {
      text.put("mu", mu.toString());
    }
  }
}
