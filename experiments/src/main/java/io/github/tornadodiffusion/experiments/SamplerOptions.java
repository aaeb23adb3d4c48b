package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Option;

/** Which sampler leads from noise to images. */
final class SamplerOptions {
  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      description = "As ddim, euler, heun or any other of diffusers' (default: the model's own).")
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

  /** Reads a model with the scheduler that was asked for, or its own. */
  DiffusionModel read(Path model) throws IOException {
    return scheduler == null ? DiffusionModel.read(model) : DiffusionModel.read(model, scheduler);
  }

  /**
   * The calls of the model.
   *
   * @throws IllegalArgumentException in one line if the scheduler cannot have the options
   */
  Sampling sampling(Scheduler of) {
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

  /** Notes the options for files that were made with them. */
  void describe(Sampling sampling, Map<String, String> text) {
    text.put("scheduler", sampling.scheduler().className());
    text.put("steps", Integer.toString(steps));
    if (eta != null) {
      text.put("eta", eta.toString());
    }
  }
}
