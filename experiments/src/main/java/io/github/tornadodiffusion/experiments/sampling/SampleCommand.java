package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.sampling.ImageToImage;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.ReverseProcess;
import io.github.tornadodiffusion.diffusion.sampling.SamplingModel;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.experiments.profile.ProfileOptions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Samples images from a model and writes them as pictures. */
@Command(
    name = "sample",
    description = {
      "Samples images from a model: from noise, from other images (--init) or into parts of them"
          + " (--init with --mask).",
      "They are written side by side, one by one, or on their way out of the noise."
    })
public final class SampleCommand implements Callable<Integer> {
  private static final int MOST_IMAGES = 100_000;

  @Spec CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "PATH",
      description =
          "Directory of a training run or of a diffusers pipeline with a UNet2DModel, or a model"
              + " that reads texts: a directory of StableDiffusionPipeline or"
              + " StableDiffusionXLPipeline, or a single .safetensors file.")
  Path model;

  @Mixin SampleOutputs outputs;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "16",
      description = "Images (default: ${DEFAULT-VALUE}).")
  int count;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Images that are computed at once (default: at most 16).")
  Integer batch;

  @Mixin SamplerOptions sampler;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of the noise (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--rng",
      paramLabel = "NAME",
      defaultValue = "philox",
      description =
          "philox (default): an image depends on seed and number alone; torch: the noise of a"
              + " diffusers pipeline on the CPU, for as many images.")
  String rng;

  @Mixin PromptOptions prompt;

  @Mixin LabelOptions labels;

  @Mixin InitOptions init;

  @Mixin ProfileOptions profile;

  @Mixin DeviceOptions device;

  @Override
  public Integer call() throws IOException {
    device.check();
    profile.check();
    checkRange("--count", count);
    checkRange("--batch", batch == null ? 1 : batch);
    Rng generator = Rng.of(rng);
    outputs.check();
    if (StableDiffusionModel.isOne(model)) {
      return new TextSampling(this).run();
    }
    prompt.refuse();
    PrintWriter err = spec.commandLine().getErr();
    DiffusionModel diffusion = sampler.read(model);
    DenoisingModel network = diffusion.model();
    Sampling sampling = sampler.sampling(diffusion.scheduler());
    ModelSampler.check(network, sampling);
    int[] classes = labels.classes(model, network, count);
    UnaryOperator<SamplingModel> guided = labels.guided(model, network);
    ReverseProcess process = init.process(sampling, sampler.steps, network, err);
    int size = Math.min(count, batch == null ? ModelSampler.MOST_IMAGES : batch);
    SampleWriter.Batching batching =
        new SampleWriter.Batching(count, size, process.calls(), ModelSampler.shape(network));
    RecordedProgram<SampleRegisters> program =
        ModelSampler.record(network, process.registers(), batching.batch());
    checkMemory(network, program, batching, generator);
    outputs.prepare(count, batching.shape());
    ModelCall first = process instanceof ImageToImage image ? image.first() : sampling.call(0);
    sampler.explanation().ifPresent(err::println);
    SamplerOptions.warning(sampling.scheduler(), first)
        .ifPresent(warning -> err.println("warning: " + warning));
    Ineffective ignored =
        device
            .note(Ineffective.of(spec))
            .note(
                "--batch",
                batch != null && batch > count,
                "there are only %d images".formatted(count));
    labels.note(ignored, count);
    ignored.notePlugins().say(err);
    if (!write(
        diffusion, new Plan(sampling, process, program, guided, classes, generator), batching)) {
      return Errors.FAILURE;
    }
    profile.report(device.device, spec.commandLine().getOut());
    return 0;
  }

  /** Everything that determines the images. */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  private record Plan(
      Sampling sampling,
      ReverseProcess process,
      RecordedProgram<SampleRegisters> program,
      UnaryOperator<SamplingModel> guided,
      int[] classes,
      Rng rng) {}

  /** Draws and writes; returns whether all images are there. */
  private boolean write(DiffusionModel diffusion, Plan plan, SampleWriter.Batching batching)
      throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    PrintWriter out = spec.commandLine().getOut();
    Map<String, String> text = text(plan.sampling, plan.rng);
    labels.describe(text);
    init.describe(text);
    int there = there(plan, text);
    ClassLabels known = ClassLabels.read(model, diffusion.model().numClassEmbeds());
    int batches = Math.ceilDiv(count - there, batching.batch());
    try (Interruption interruption = new Interruption();
        Progress progress =
            Progress.on(err, "sample", 0, (long) batching.calls() * Math.max(1, batches))) {
      SampleWriter writer =
          new SampleWriter(outputs, batching, plan.classes, text, progress)
              .named(known, err)
              .until(interruption);
      writer.goOnAfter(there);
      if (batches > 0 && !draw(diffusion, plan, writer, there, batching.shape().length())) {
        progress.interrupt(stopped(there + writer.drawn()));
        return false;
      }
      writer.finish(out);
      return true;
    }
  }

  /** Images that are there already. */
  private int there(Plan plan, Map<String, String> text) throws IOException {
    if (!outputs.resume) {
      return 0;
    }
    int there =
        new KeptImages(outputs.images).count(index -> text, plan.classes, plan.rng == Rng.TORCH);
    spec.commandLine()
        .getErr()
        .println("%d of %d images are there".formatted(Math.min(there, count), count));
    return Math.min(there, count);
  }

  /** Returns false if the process was asked to end before. */
  private boolean draw(
      DiffusionModel diffusion, Plan plan, SampleWriter writer, int first, int imageLength) {
    PrintWriter err = spec.commandLine().getErr();
    try (Engine engine = profile.measured(device.open(profile.wanted(), err));
        ModelSampler models =
            ModelSampler.open(engine, diffusion, plan.sampling.scheduler(), plan.program)) {
      models.run(
          plan.process,
          new Pipeline.Request(
              count, plan.rng.sampleNoise(seed, count, imageLength), plan.classes, first),
          plan.guided,
          writer);
      return true;
    } catch (CancellationException e) {
      return false;
    }
  }

  /** What is kept of a sampling that was stopped, and the command that goes on. */
  String stopped(int done) {
    List<String> again = new ArrayList<>(spec.root().commandLine().getParseResult().originalArgs());
    boolean kept = outputs.images != null && done > 0;
    if (kept && !outputs.resume && outputs.strip == null && outputs.gif == null) {
      again.add("--resume");
    }
    return (kept
        ? "stopped, %d of %d images are kept in %s; %s %s goes on"
            .formatted(done, count, outputs.images, Shell.program(), Shell.line(again))
        : "stopped, nothing is kept; %s %s begins anew"
            .formatted(Shell.program(), Shell.line(again)));
  }

  private void checkMemory(
      DenoisingModel network,
      RecordedProgram<SampleRegisters> program,
      SampleWriter.Batching batching,
      Rng generator) {
    Film.ImageShape shape = batching.shape();
    // In PyTorch the noise of all images is a single draw.
    long noise = generator == Rng.TORCH ? (long) count * shape.length() : 0;
    if (noise > ModelSampler.LONGEST_ARRAY) {
      throw new IllegalArgumentException(
          "the noise of %d images is more than --rng torch draws; use a smaller --count or leave"
                  .formatted(count)
              + " --rng out");
    }
    long films = outputs.filmFloats(count, batching.batch(), shape, batching.calls());
    ModelSampler.checkMemory(
        network, program, outputs.pictured(count), noise + films, "--count or --batch");
  }

  private static void checkRange(String option, int value) {
    if (value < 1 || value > MOST_IMAGES) {
      throw new IllegalArgumentException(
          "%s is %d; give 1 to %d".formatted(option, value, MOST_IMAGES));
    }
  }

  /** The text in the files about how they were made. */
  Map<String, String> text(Sampling sampling, Rng generator) {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("Software", "tornado-diffusion " + Versions.program());
    text.put("model", model.toAbsolutePath().normalize().toString());
    sampler.describe(sampling, text);
    text.put("count", Integer.toString(count));
    text.put("seed", Long.toString(seed));
    text.put("rng", generator.id());
    return text;
  }
}
