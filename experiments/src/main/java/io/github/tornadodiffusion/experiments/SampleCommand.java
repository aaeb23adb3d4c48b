package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.ClassLabels;
import io.github.tornadodiffusion.diffusion.DiffusionModel;
import io.github.tornadodiffusion.diffusion.PngFiles;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.UNet2DConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Samples images from a model and writes them as one picture. */
@Command(
    name = "sample",
    description = "Samples images from a model and writes them side by side as a PNG file.")
final class SampleCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Directory of a training run, or any diffusers pipeline with a UNet2DModel.")
  Path model;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.png",
      description = "The picture; an earlier one is replaced once the new one is complete.")
  Path out;

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

  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "LABEL",
      description = "Classes of the images, repeated as needed (default: all in turn).")
  List<Integer> labels;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of the noise (default: ${DEFAULT-VALUE}).")
  long seed;

  @Mixin ProfileOptions profile;

  @Mixin DeviceOptions device;

  @Override
  public Integer call() throws IOException {
    device.check();
    profile.check();
    checkRange("--count", count);
    checkRange("--batch", batch == null ? 1 : batch);
    OutputFiles.checkName("--out", out, OutputFiles.PNG);
    DiffusionModel diffusion =
        scheduler == null ? DiffusionModel.read(model) : DiffusionModel.read(model, scheduler);
    Sampling sampling = Sampling.of(diffusion.scheduler(), steps);
    int size = batch == null ? Math.min(count, ModelSampler.MOST_IMAGES) : Math.min(count, batch);
    int[] classes = classes(diffusion.unet());
    ModelSampler.check(diffusion.unet(), sampling.scheduler(), size, count, "--count or --batch");
    OutputFiles.prepare("--out", out, OutputFiles.PNG);
    float[] images;
    PrintWriter err = spec.commandLine().getErr();
    try (Engine engine = profile.measured(device.open(profile.wanted(), err));
        ModelSampler sampler = ModelSampler.open(engine, diffusion, sampling.scheduler(), size);
        Progress progress =
            Progress.on(err, "sample", 0, (long) sampling.calls() * Math.ceilDiv(count, size))) {
      images =
          sampler.sample(
              sampling,
              count,
              seed,
              classes,
              (done, total) -> progress.update(done, count + " images"));
      PngFiles.write(out, sampler.grid(images, count), text(sampling));
    }
    spec.commandLine().getOut().println("samples   " + out);
    profile.report(device.device, spec.commandLine().getOut());
    return 0;
  }

  private static void checkRange(String option, int value) {
    if (value < 1 || value > 100_000) {
      throw new IllegalArgumentException(option + " is " + value + "; give 1 to 100000");
    }
  }

  private int[] classes(UNet2DConfig config) throws IOException {
    if (!config.conditioned()) {
      if (labels != null) {
        throw new IllegalArgumentException(
            "--labels is given but the model has no classes; leave it out");
      }
      return null;
    }
    if (config.classVectorLength() > 0) {
      throw new IllegalArgumentException(
          "the model takes vectors as classes (class_embed_type identity); only predict can give it"
              + " any");
    }
    boolean numbered = config.classEmbedType() == null;
    if (labels == null) {
      if (!numbered) {
        throw new IllegalArgumentException(
            "the model does not say which classes there are; name them with --labels");
      }
      return ModelSampler.labelsInTurn(ClassLabels.read(model, config), count);
    }
    // The class of images without label is not in turn, but may be asked for.
    int last = numbered ? config.numClassEmbeds() - 1 : Integer.MAX_VALUE;
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      classes[i] = labels.get(i % labels.size());
      if (numbered && (classes[i] < 0 || classes[i] > last)) {
        throw new IllegalArgumentException(
            "there is no label %d; the model has 0 to %d".formatted(classes[i], last));
      }
    }
    return classes;
  }

  /** What the picture's file says about how it was made. */
  private Map<String, String> text(Sampling sampling) {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("Software", "tornado-diffusion " + Versions.program());
    text.put("model", model.toAbsolutePath().normalize().toString());
    text.put("scheduler", sampling.scheduler().className());
    text.put("steps", Integer.toString(steps));
    text.put("count", Integer.toString(count));
    text.put("seed", Long.toString(seed));
    if (labels != null) {
      text.put("labels", labels.toString());
    }
    return text;
  }
}
