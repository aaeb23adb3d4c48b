package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.experiments.sampling.LabelledGrid;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.CancellationException;

/** The pictures of samples that a training draws: at its end, and on the way where asked for. */
final class PreviewPictures implements TrainingPictures {
  private static final String SCHEDULER = "DDIMScheduler";

  private final TrainingConfig config;
  private final UNet2DModel unet;
  private final Plan plan;
  private final Interruption interruption;
  private final PrintWriter err;
  private final RecordedProgram<SampleRegisters> program;
  private ClassLabels labels;

  /**
   * What is drawn.
   *
   * @param images how many a picture shows; 0 for no picture
   * @param steps DDIM steps to them
   * @param every how many training steps there is one; null for one at the end alone
   */
  record Plan(int images, int steps, Integer every) {
    /** Whether there is a picture after a step, on the way to the last. */
    boolean isDue(int step, int last) {
      return images > 0 && every != null && step % every == 0 && step < last;
    }
  }

  /**
   * Pictures of a training, recorded once.
   *
   * @throws IllegalArgumentException in one line if the model cannot be sampled so
   */
  PreviewPictures(TrainingConfig config, Plan plan, Interruption interruption, PrintWriter err) {
    this.config = config;
    unet = new UNet2DModel(config.unet());
    this.plan = plan;
    this.interruption = interruption;
    this.err = err;
    program = plan.images == 0 ? null : record();
  }

  private RecordedProgram<SampleRegisters> record() {
    Sampling sampling = sampling(config.scheduler());
    ModelSampler.check(unet, sampling);
    return ModelSampler.record(unet, sampling.registers(), batch());
  }

  /** Takes what the labels of the model mean; null for a model without classes. */
  void labels(ClassLabels known) {
    labels = known;
  }

  @Override
  public void checkMemory() {
    if (program != null) {
      ModelSampler.checkMemory(unet, program, plan.images, 0, "--samples");
    }
  }

  @Override
  public long floatsWhileTraining() {
    return program == null || plan.every == null ? 0 : program.floats();
  }

  private int batch() {
    return Math.min(plan.images, ModelSampler.MOST_IMAGES);
  }

  private Sampling sampling(Scheduler scheduler) {
    return Sampling.of(Schedulers.convert(scheduler, SCHEDULER), plan.steps);
  }

  @Override
  public boolean drawLast(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException {
    if (program == null) {
      return true;
    }
    long total = (long) plan.steps * Math.ceilDiv(plan.images, batch());
    try (Progress progress = Progress.on(err, "sample", 0, total)) {
      return draw(engine, parameters, file, done -> progress.update(done, plan.images + " images"));
    }
  }

  /** Hears of calls of the model. */
  private interface Calls {
    void done(long calls);
  }

  @Override
  public boolean draw(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException {
    return draw(engine, parameters, file, calls -> {});
  }

  private boolean draw(
      Engine engine, SequencedMap<String, HostTensor> parameters, Path file, Calls heard)
      throws IOException {
    DiffusionModel model = config.model(parameters);
    Sampling steps = sampling(model.scheduler());
    int[] classes = ModelSampler.labelsInTurn(labels, plan.images);
    try (ModelSampler sampler = ModelSampler.open(engine, model, steps.scheduler(), program)) {
      float[] images =
          sampler.sample(
              steps,
              plan.images,
              config.seed(),
              classes,
              (done, all) -> {
                heard.done(done);
                if (interruption.requested()) {
                  throw new CancellationException();
                }
              });
      PngFiles.write(
          file,
          LabelledGrid.ofSamples(
              images, plan.images, ModelSampler.shape(unet), classes, labels, err),
          text());
      return true;
    } catch (CancellationException e) {
      return false;
    }
  }

  private Map<String, String> text() {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("Software", "tornado-diffusion " + Versions.program());
    text.put("scheduler", SCHEDULER);
    text.put("steps", Integer.toString(plan.steps));
    text.put("seed", Long.toString(config.seed()));
    text.put("configuration", Json.line(config.toMap()));
    return text;
  }
}
