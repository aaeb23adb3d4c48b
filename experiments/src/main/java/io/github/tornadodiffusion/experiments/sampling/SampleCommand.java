package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.sampling.ImageToImage;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.ReverseProcess;
import io.github.tornadodiffusion.diffusion.sampling.SamplingModel;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.experiments.profile.ProfileOptions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
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
      paramLabel = "DIR",
      description = "Directory of a training run, or any diffusers pipeline with a UNet2DModel.")
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
    PrintWriter err = spec.commandLine().getErr();
    DiffusionModel diffusion = sampler.read(model);
    UNet2DConfig unet = diffusion.unet();
    Sampling sampling = sampler.sampling(diffusion.scheduler());
    ModelSampler.check(unet, sampling);
    int[] classes = labels.classes(model, unet, count);
    UnaryOperator<SamplingModel> guided = labels.guided(model, unet);
    ReverseProcess process = init.process(sampling, sampler.steps, unet, err);
    int size = Math.min(count, batch == null ? ModelSampler.MOST_IMAGES : batch);
    SampleWriter.Batching batching =
        new SampleWriter.Batching(count, size, process.calls(), ModelSampler.shape(unet));
    RecordedProgram<SampleRegisters> program =
        ModelSampler.record(unet, process.registers(), batching.batch());
    checkMemory(unet, program, batching, generator);
    outputs.prepare(count, batching.shape());
    ModelCall first = process instanceof ImageToImage image ? image.first() : sampling.call(0);
    sampler.explanation().ifPresent(err::println);
    SamplerOptions.warning(sampling.scheduler(), first)
        .ifPresent(warning -> err.println("warning: " + warning));
    write(diffusion, new Plan(sampling, process, program, guided, classes, generator), batching);
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

  private void write(DiffusionModel diffusion, Plan plan, SampleWriter.Batching batching)
      throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    long calls = (long) batching.calls() * Math.ceilDiv(count, batching.batch());
    try (Engine engine = profile.measured(device.open(profile.wanted(), err));
        ModelSampler models =
            ModelSampler.open(engine, diffusion, plan.sampling.scheduler(), plan.program);
        Progress progress = Progress.on(err, "sample", 0, calls)) {
      SampleWriter writer = new SampleWriter(outputs, batching, plan.classes, text(plan), progress);
      models.run(
          plan.process,
          new Pipeline.Request(
              count, plan.rng.sampleNoise(seed, count, batching.shape().length()), plan.classes),
          plan.guided,
          writer);
      writer.finish(spec.commandLine().getOut());
    }
  }

  private void checkMemory(
      UNet2DConfig unet,
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
        unet, program, outputs.pictured(count), noise + films, "--count or --batch");
  }

  private static void checkRange(String option, int value) {
    if (value < 1 || value > MOST_IMAGES) {
      throw new IllegalArgumentException(
          "%s is %d; give 1 to %d".formatted(option, value, MOST_IMAGES));
    }
  }

  /** The text in the files about how they were made. */
  private Map<String, String> text(Plan plan) {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("Software", "tornado-diffusion " + Versions.program());
    text.put("model", model.toAbsolutePath().normalize().toString());
    sampler.describe(plan.sampling, text);
    text.put("count", Integer.toString(count));
    text.put("seed", Long.toString(seed));
    text.put("rng", plan.rng.id());
    labels.describe(text);
    init.describe(text);
    return text;
  }
}
