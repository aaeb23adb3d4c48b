package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.experiments.profile.ProfileOptions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import io.github.tornadodiffusion.nn.io.Sha256;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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

  private Communicator processes;

  /** Null before the first image. */
  private volatile SampleWriter writer;

  /** A sampling that can begin. */
  interface Drawing {
    /** The shape of an image. */
    Film.ImageShape shape();

    /** What the files say about how they were made. */
    Map<String, String> text();

    /** What the file of an image says besides. */
    default Map<String, String> textOf(int image) {
      return Map.of();
    }

    /** The class of every image, or null. */
    default int[] classes() {
      return null;
    }

    /**
     * Draws and writes the images; returns the exit code.
     *
     * @param there how many images are there already
     * @param interruption when to end before
     */
    int run(int there, Interruption interruption) throws IOException;
  }

  @Override
  public Integer call() throws IOException {
    device.check();
    profile.check();
    checkRange("--count", count);
    checkRange("--batch", batch == null ? 1 : batch);
    Rng.of(rng);
    processes = Mpi.join();
    Drawing drawing =
        Together.prepare(
            processes,
            () -> {
              outputs.check(processes.leads());
              return StableDiffusionModel.isOne(model)
                  ? new TextSampling(this)
                  : new ImageSampling(this);
            },
            this::facts);
    int there =
        Integer.parseInt(Together.fromLeader(processes, () -> Integer.toString(prepare(drawing))));
    int code;
    try (Interruption interruption = new Interruption()) {
      code = Together.run(processes, err(), this::kept, () -> drawing.run(there, interruption));
    }
    if (code == 0 && processes.leads()) {
      profile.report(device.device, spec.commandLine().getOut());
    }
    return code;
  }

  /** What must be the same in all processes; where the files lie may differ. */
  private Map<String, Object> facts(Drawing drawing) {
    Map<String, Object> facts = new TreeMap<>(drawing.text());
    facts.keySet().removeAll(List.of("model", "init", "mask", "parameters"));
    facts.put("batch", batch(ModelSampler.MOST_IMAGES));
    facts.putAll(device.facts());
    try (Stream<Path> files = Files.walk(model, 2)) {
      List<Path> parts =
          files
              .filter(file -> file.toString().matches(".*\\.(json|safetensors|bin)"))
              // Beside the index a run has files of its own.
              .filter(
                  file -> !model.equals(file.getParent()) || file.endsWith(DiffusionModel.INDEX))
              .toList();
      for (Path part : parts) {
        facts.put("model " + model.relativize(part), Sha256.of(part));
      }
      for (Path images : init.files()) {
        facts.put("init " + facts.size(), Sha256.of(images));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return facts;
  }

  /** Makes the directories; returns how many images are there already. */
  private int prepare(Drawing drawing) throws IOException {
    outputs.prepare(count, drawing.shape());
    if (!outputs.resume) {
      return 0;
    }
    Map<String, String> text = drawing.text();
    int there =
        new KeptImages(outputs.images)
            .count(
                image -> {
                  Map<String, String> its = new LinkedHashMap<>(text);
                  its.putAll(image < count ? drawing.textOf(image) : Map.of());
                  return its;
                },
                drawing.classes(),
                Rng.of(rng) == Rng.TORCH);
    err().println("%d of %d images are there".formatted(Math.min(there, count), count));
    return Math.min(there, count);
  }

  /**
   * How many images are computed at once: all processes have some.
   *
   * @param usual without {@code --batch}
   */
  int batch(int usual) {
    return Math.min(
        count, batch != null ? batch : Math.min(usual, Math.ceilDiv(count, processes.size())));
  }

  /** Values of the images that other processes bring to this one at once. */
  long gatheredFloats(long ofBatch) {
    return processes.size() == 1 ? 0 : 2L * processes.size() * ofBatch;
  }

  /** What a process draws. */
  Pipeline.Part part(int there, int rank) {
    return new Pipeline.Part(there, rank, processes.size());
  }

  /** What this process draws. */
  Pipeline.Part part(int there) {
    return part(there, processes.rank());
  }

  /** Starts the device, whose profile is that of process 0. */
  Engine open() {
    return processes.leads()
        ? profile.measured(device.open(profile.wanted(), err()))
        : device.open(false, err());
  }

  /**
   * Draws the images of this process and writes those of all.
   *
   * @param meetings see {@link GatheredImages#draw}
   * @return the exit code
   */
  int draw(
      SampleWriter images,
      int there,
      int meetings,
      Progress progress,
      GatheredImages.Drawing drawing)
      throws IOException {
    if (processes.leads()) {
      images.goOnAfter(there);
    }
    writer = images;
    if (!GatheredImages.draw(processes, images, meetings, drawing)) {
      progress.interrupt("stopped, " + kept());
      return Errors.FAILURE;
    }
    if (processes.leads()) {
      images.finish(spec.commandLine().getOut());
    }
    return 0;
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** What is kept of a sampling that ends before, and the command that goes on. */
  private String kept() {
    if (!processes.leads()) {
      return "the images in --images are whole, --resume goes on";
    }
    List<String> again = new ArrayList<>(spec.root().commandLine().getParseResult().originalArgs());
    int done = writer == null ? 0 : writer.kept();
    boolean kept = outputs.images != null && done > 0;
    if (kept && !outputs.resume && outputs.strip == null && outputs.gif == null) {
      again.add("--resume");
    }
    return (kept
        ? "%d of %d images are kept in %s; %s %s goes on"
            .formatted(done, count, outputs.images, Shell.program(), Shell.line(again))
        : "nothing is kept; %s %s begins anew".formatted(Shell.program(), Shell.line(again)));
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
