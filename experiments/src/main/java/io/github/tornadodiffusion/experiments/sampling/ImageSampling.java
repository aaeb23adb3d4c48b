package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.sampling.ImageToImage;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.ReverseProcess;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.sampling.SamplingModel;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Samples images from a model of images. */
final class ImageSampling implements SampleCommand.Drawing {
  private final SampleCommand command;
  private final DiffusionModel diffusion;
  private final Sampling sampling;
  private final ReverseProcess process;
  private final RecordedProgram<SampleRegisters> program;
  private final UnaryOperator<SamplingModel> guided;
  private final int[] classes;
  private final Rng rng;
  private final SampleWriter.Batching batching;

  /**
   * Checks everything that can be checked without computing.
   *
   * @throws IOException in one line if the model or an image cannot be read
   * @throws IllegalArgumentException in one line if options do not fit
   */
  ImageSampling(SampleCommand command) throws IOException {
    this.command = command;
    command.prompt.refuse();
    rng = Rng.of(command.rng);
    diffusion = command.sampler.read(command.model);
    DenoisingModel network = diffusion.model();
    sampling = command.sampler.sampling(diffusion.scheduler());
    ModelSampler.check(network, sampling);
    classes = command.labels.classes(command.model, network, command.count);
    guided = command.labels.guided(command.model, network);
    process = command.init.process(sampling, command.sampler.steps, network, command.err());
    batching =
        new SampleWriter.Batching(
            command.count,
            command.batch(ModelSampler.MOST_IMAGES),
            process.calls(),
            ModelSampler.shape(network));
    program = ModelSampler.record(network, process.registers(), batching.batch());
    checkMemory(network);
  }

  private void checkMemory(DenoisingModel network) {
    Film.ImageShape shape = batching.shape();
    // In PyTorch the noise of all images is a single draw.
    long noise = rng == Rng.TORCH ? (long) command.count * shape.length() : 0;
    if (noise > ModelSampler.LONGEST_ARRAY) {
      throw new IllegalArgumentException(
          "the noise of %d images is more than --rng torch draws; use a smaller --count or leave"
                  .formatted(command.count)
              + " --rng out");
    }
    long films =
        command.outputs.filmFloats(command.count, batching.batch(), shape, batching.calls());
    ModelSampler.checkMemory(
        network,
        program,
        command.outputs.pictured(command.count),
        noise + films + command.gatheredFloats(batching.batch() * (long) shape.length()),
        "--count or --batch");
  }

  @Override
  public Film.ImageShape shape() {
    return batching.shape();
  }

  @Override
  public Map<String, String> text() {
    Map<String, String> text = command.text(sampling, rng);
    command.labels.describe(text);
    command.init.describe(text);
    return text;
  }

  @Override
  public int[] classes() {
    return classes;
  }

  @Override
  public int run(int there, Interruption interruption) throws IOException {
    PrintWriter err = command.err();
    ModelCall first = process instanceof ImageToImage image ? image.first() : sampling.call(0);
    command.sampler.explanation().ifPresent(err::println);
    SamplerOptions.warning(sampling.scheduler(), first)
        .ifPresent(warning -> err.println("warning: " + warning));
    Ineffective ignored =
        command
            .device
            .note(Ineffective.of(command.spec))
            .note(
                "--batch",
                command.batch != null && command.batch > command.count,
                "there are only %d images".formatted(command.count));
    command.labels.note(ignored, command.count);
    ignored.notePlugins().say(err);
    ClassLabels known = ClassLabels.read(command.model, diffusion.model().numClassEmbeds());
    Pipeline.Part part = command.part(there);
    int batches = part.batches(command.count, batching.batch());
    try (Progress progress =
        Progress.on(err, "sample", 0, (long) batching.calls() * Math.max(1, batches))) {
      SampleWriter writer =
          new SampleWriter(command.outputs, batching, classes, text(), progress)
              .named(known, err)
              .until(interruption);
      return command.draw(
          writer,
          there,
          Math.ceilDiv(batches, part.size()),
          progress,
          listener -> draw(part, batches, listener));
    }
  }

  private void draw(Pipeline.Part part, int batches, Pipeline.Listener listener) {
    if (part.rank() >= batches) {
      return;
    }
    try (Engine engine = command.open();
        ModelSampler models = ModelSampler.open(engine, diffusion, sampling.scheduler(), program)) {
      models.run(
          process,
          new Pipeline.Request(
              command.count,
              rng.sampleNoise(command.seed, command.count, batching.shape().length()),
              classes,
              part),
          guided,
          listener);
    }
  }
}
