package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMInverseScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options of the sampler. */
final class SamplerOptions {
  /** The limit of sigma / signal; a linear schedule ends at 157. */
  private static final double MOST_NOISE = 1000;

  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      description =
          "As ddim, euler, heun, any other of diffusers', or a class of your own, see --plugin"
              + " (default: the model's own).")
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

  /** Reads a model with the requested scheduler, or its own. */
  DiffusionModel read(Path model) throws IOException {
    return scheduler == null ? DiffusionModel.read(model) : DiffusionModel.read(model, scheduler);
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
    if (eta == null) {
      return Sampling.of(of, steps);
    }
    if (!(of instanceof DDIMScheduler)) {
      throw new IllegalArgumentException(
          "--eta is for ddim and this is %s; leave it out or add --scheduler ddim"
              .formatted(of.className()));
    }
    return Sampling.of(of, steps, new StepOptions(eta, false));
  }

  /**
   * The warning for a sampler that begins with almost pure noise: an error of the predicted noise
   * becomes an error of x_0 that is larger by sigma / signal, and remains.
   */
  static Optional<String> warning(Sampling sampling) {
    ModelCall first = sampling.call(0);
    boolean bounded =
        first.updates().stream()
            .anyMatch(
                update -> update instanceof Update.Clip || update instanceof Update.Threshold);
    double noise = first.sigma() / first.signal();
    boolean epsilon = sampling.scheduler().config().predictionType() == PredictionType.EPSILON;
    if (bounded || !epsilon || noise < MOST_NOISE) {
      return Optional.empty();
    }
    return Optional.of(
        "%s begins at timestep %.0f with %.0f times as much noise as image, of which a prediction of"
                .formatted(sampling.scheduler().className(), first.timestep(), noise)
            + " the noise says little; take another --scheduler, or set timestep_spacing leading or"
            + " lambda_min_clipped -5.1 in its scheduler_config.json");
  }

  /** Adds the options to the text of the files. */
  void describe(Sampling sampling, Map<String, String> text) {
    text.put("scheduler", sampling.scheduler().className());
    text.put("steps", Integer.toString(steps));
    if (eta != null) {
      text.put("eta", eta.toString());
    }
  }
}
