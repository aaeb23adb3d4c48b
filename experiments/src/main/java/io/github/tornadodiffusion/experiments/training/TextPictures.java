package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.TextImages;
import io.github.tornadodiffusion.diffusion.training.TextTraining;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.CancellationException;

/** The pictures of a training with texts: what the model draws of some prompts. */
final class TextPictures implements TrainingPictures {
  private final TextTraining task;
  private final PreviewPictures.Plan plan;
  private final Interruption interruption;
  private final PrintWriter err;
  private final TextImages images;

  /**
   * Pictures of a training.
   *
   * @param prompts what they show; null for the first captions
   * @param guidance its scale
   */
  TextPictures(
      TextTraining task,
      PreviewPictures.Plan plan,
      List<String> prompts,
      double guidance,
      Interruption interruption,
      PrintWriter err) {
    this.task = task;
    this.plan = plan;
    this.interruption = interruption;
    this.err = err;
    List<String> captions = task.captions();
    images =
        new TextImages(
            prompts == null
                ? captions.subList(0, Math.min(plan.images(), captions.size()))
                : prompts,
            task.images().imageSize(),
            plan.images(),
            plan.steps(),
            guidance,
            task.seed());
  }

  @Override
  public void checkMemory() {
    // The UNet is on the device alone and takes less than while it is trained.
  }

  @Override
  public long floatsWhileTraining() {
    return plan.images() == 0 || plan.every() == null ? 0 : task.parameterCount();
  }

  @Override
  public boolean drawLast(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException {
    if (plan.images() == 0) {
      return true;
    }
    try (Progress progress = Progress.on(err, "sample", 0, images.calls())) {
      return draw(
          engine,
          parameters,
          file,
          (done, total) -> progress.update(done, plan.images() + " images"));
    }
  }

  @Override
  public boolean draw(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException {
    return draw(engine, parameters, file, Pipeline.Progress.NONE);
  }

  private boolean draw(
      Engine engine,
      SequencedMap<String, HostTensor> parameters,
      Path file,
      Pipeline.Progress progress)
      throws IOException {
    try {
      float[] drawn =
          images.draw(
              engine,
              task.trained(parameters),
              task.vocabulary(),
              (done, total) -> {
                progress.calls(done, total);
                if (interruption.requested()) {
                  throw new CancellationException();
                }
              });
      PngFiles.write(
          file,
          ImageGrid.grid(
              drawn,
              plan.images(),
              task.base().autoencoder().outChannels(),
              images.side(),
              images.side()),
          text());
      return true;
    } catch (CancellationException e) {
      return false;
    }
  }

  private Map<String, String> text() {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("Software", "tornado-diffusion " + Versions.program());
    text.put("prompt", String.join("\n", images.prompts()));
    text.put("steps", Integer.toString(plan.steps()));
    text.put("seed", Long.toString(task.seed()));
    return text;
  }
}
