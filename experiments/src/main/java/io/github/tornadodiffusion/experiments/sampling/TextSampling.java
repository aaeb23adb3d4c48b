package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.sampling.ImageToImage;
import io.github.tornadodiffusion.diffusion.sampling.LatentCodec;
import io.github.tornadodiffusion.diffusion.sampling.LatentImages;
import io.github.tornadodiffusion.diffusion.sampling.LatentInpainting;
import io.github.tornadodiffusion.diffusion.sampling.Mask;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.PromptConditions;
import io.github.tornadodiffusion.diffusion.sampling.PromptReader;
import io.github.tornadodiffusion.diffusion.sampling.ReverseProcess;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.sampling.TextToImage;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/** Samples images from a model that reads texts: its prompts, latents from them, and images. */
final class TextSampling implements SampleCommand.Drawing {
  /** The default of diffusers' pipelines. */
  private static final int STEPS = 50;

  private final SampleCommand command;
  private final StableDiffusionModel model;
  private final SampleSize pixels;
  private final SampleSize latent;
  private final UNet2DConditionModel unet;
  private final Sampling sampling;
  private final double guidance;
  private final int[] promptOf;
  private final int batch;

  /**
   * Checks everything that can be checked without reading parameters.
   *
   * @throws IOException in one line if the model cannot be read
   * @throws IllegalArgumentException in one line if options do not fit
   */
  TextSampling(SampleCommand command) throws IOException {
    this.command = command;
    command.prompt.check();
    Ineffective given = Ineffective.of(command.spec);
    if (!given.given("--steps")) {
      command.sampler.steps = STEPS;
    }
    int prompts = command.prompt.prompts.size();
    if (!given.given("--count")) {
      command.count = prompts;
    }
    if (command.count < prompts) {
      throw new IllegalArgumentException(
          "--count is %d and there are %d prompts; give at least one image to each"
              .formatted(command.count, prompts));
    }
    if (command.outputs.strip != null || command.outputs.gif != null) {
      throw new IllegalArgumentException(
          "--strip and --gif show images on their way and this model has latents there; leave them"
              + " out");
    }
    if (command.labels.labels != null) {
      throw new IllegalArgumentException("--labels is for models of classes; leave it out");
    }
    model =
        command.prompt.adapted(StableDiffusionModel.read(command.model, command.sampler.scheduler));
    pixels = command.prompt.size(model);
    int factor = model.autoencoder().scaleFactor();
    latent = new SampleSize(pixels.height() / factor, pixels.width() / factor);
    unet = new UNet2DConditionModel(model.unet(), PromptReader.text(model));
    sampling = command.sampler.sampling(model.scheduler());
    guidance = PromptOptions.guidance(command.labels.guidance, model);
    if (!(guidance >= 0 && guidance <= 1000)) {
      throw new IllegalArgumentException("--guidance is " + guidance + "; give 0 to 1000");
    }
    // Images of one prompt follow each other, as in diffusers.
    promptOf =
        IntStream.range(0, command.count)
            .map(i -> (int) ((long) i * prompts / command.count))
            .toArray();
    batch = command.batch(1);
  }

  @Override
  public Film.ImageShape shape() {
    return new Film.ImageShape(model.autoencoder().outChannels(), pixels.height(), pixels.width());
  }

  @Override
  public int run(int there, Interruption interruption) throws IOException {
    PrintWriter err = command.err();
    int count = command.count;
    int channels = model.autoencoder().latentChannels();
    command.sampler.explanation().ifPresent(err::println);
    sayWhatHasNoEffect(err);
    try (Engine engine = command.open()) {
      PromptReader reader = new PromptReader(engine, model, command.prompt.tokenizer);
      TextToImage.Prompts prompts =
          reader.read(
              command.prompt.prompts,
              guidance > 1 ? command.prompt.negatives() : null,
              new PromptReader.Options(
                  guidance, command.prompt.rescale(), command.prompt.clipSkip(), pixels),
              promptOf);
      reader.warnings().forEach(warning -> err.println("warning: " + Messages.line(warning)));
      LatentCodec codec =
          new LatentCodec(
              engine,
              model.autoencoder(),
              model.autoencoderParameters(
                  new AutoencoderKL(model.autoencoder()).parameters().specs()),
              command.prompt.tile());
      PromptConditions conditions = new PromptConditions();
      ReverseProcess process = process(codec, conditions, err);
      RecordedProgram<SampleRegisters> program =
          TextToImage.record(
              unet,
              channels,
              process.registers(),
              new BatchShape(batch, latent.height(), latent.width()));
      long imageFloats = (long) count * shape().length();
      new MemoryNeed(
              program.floats(),
              unet.parameters().count() + imageFloats + command.gatheredFloats(shape().length()))
          .check("--size or --batch");
      SampleWriter.Batching batching =
          new SampleWriter.Batching(count, batch, process.calls(), shape());
      Pipeline.Part part = command.part(there);
      int[] own = part.images(count, batch).toArray();
      int missing = count - there;
      long calls = (long) process.calls() * part.batches(count, batch);
      try (Progress progress = Progress.on(err, "sample", 0, Math.max(1, calls + missing))) {
        SampleWriter writer =
            new SampleWriter(command.outputs, batching, null, text(), progress)
                .saying(this::textOf)
                .until(interruption);
        return command.draw(
            writer,
            there,
            (int) command.part(there, 0).images(count, batch).count(),
            progress,
            listener -> {
              float[] latents =
                  latents(engine, program, process, conditions, prompts, part, listener);
              int length = latents.length / Math.max(1, own.length);
              for (int i = 0; i < own.length; i++) {
                float[] one = Arrays.copyOfRange(latents, i * length, (i + 1) * length);
                listener.images(own[i], 1, codec.decode(one, 1, latent.height(), latent.width()));
                listener.calls(calls + Math.min(missing, (i + 1) * part.size()), calls + missing);
              }
            });
      }
    }
  }

  private float[] latents(
      Engine engine,
      RecordedProgram<SampleRegisters> program,
      ReverseProcess process,
      PromptConditions conditions,
      TextToImage.Prompts prompts,
      Pipeline.Part part,
      Pipeline.Listener listener)
      throws IOException {
    int channels = model.autoencoder().latentChannels();
    try (TextToImage pipeline =
        TextToImage.open(
            engine, program, model.unetParameters(unet.parameters().specs()), channels)) {
      return pipeline.latents(
          process,
          conditions,
          prompts,
          Rng.of(command.rng)
              .sampleNoise(
                  command.seed, command.count, channels * latent.height() * latent.width()),
          part,
          new Pipeline.Listener() {
            @Override
            public void calls(long done, long total) {
              listener.calls(done, total);
            }

            @Override
            public void images(int firstImage, int images, float[] values) {
              // Latents; all of them are decoded afterwards.
            }
          });
    }
  }

  private void sayWhatHasNoEffect(PrintWriter err) {
    String off = "--guidance up to 1 is off";
    int tile = command.prompt.tile();
    command
        .device
        .note(Ineffective.of(command.spec))
        .note(
            "--batch",
            command.batch != null && command.batch > command.count,
            "there are only %d images".formatted(command.count))
        .note("--negative", guidance <= 1, off)
        .note("--guidance-rescale", guidance <= 1, off)
        .note(
            "--tokenizer",
            model.texts().stream().allMatch(part -> part.tokenizer() != null),
            "the model has one of its own")
        .note(
            "--vae-tile",
            tile == 0 || tile >= Math.max(pixels.height(), pixels.width()),
            "the images are no larger")
        .notePlugins()
        .say(err);
  }

  private ReverseProcess process(LatentCodec codec, PromptConditions conditions, PrintWriter err)
      throws IOException {
    InitOptions init = command.init;
    boolean readsMask = TextToImage.readsMask(unet, model.autoencoder().latentChannels());
    init.checkOfTexts(readsMask);
    if (init.init == null) {
      return ReverseProcess.fromNoise(sampling);
    }
    if (pixels.height() != pixels.width()) {
      throw new IllegalArgumentException(
          "--init takes square images and --size is %dx%d; make it square"
              .formatted(pixels.width(), pixels.height()));
    }
    Dataset images =
        Datasets.openImages(init.init, pixels.width(), model.autoencoder().inChannels());
    images.warnings().forEach(w -> err.println("warning: " + Messages.line(w)));
    int n = Math.min(images.size(), command.count);
    float[] values =
        Batches.gather(images, IntStream.range(0, n).toArray(), new boolean[n]).images();
    int steps = command.sampler.steps;
    if (init.mask == null) {
      LatentImages latents = codec.encode(values, n, pixels.height(), pixels.width());
      return new ImageToImage(sampling, steps, init.strength(), latents::write);
    }
    return new LatentInpainting(
        sampling,
        steps,
        init.strength == null ? 1 : init.strength,
        LatentInpainting.Source.of(
            codec,
            values,
            n,
            pixels.height(),
            pixels.width(),
            Mask.read(init.mask, images).drawn(n * pixels.height() * pixels.width()),
            readsMask),
        conditions);
  }

  @Override
  public Map<String, String> text() {
    Map<String, String> text = new LinkedHashMap<>(command.text(sampling, Rng.of(command.rng)));
    text.put("guidance", Double.toString(guidance));
    text.put("size", "%dx%d".formatted(pixels.width(), pixels.height()));
    command.prompt.describe(text);
    text.put("parameters", parameters(text));
    return text;
  }

  @Override
  public Map<String, String> textOf(int image) {
    Map<String, String> text = new LinkedHashMap<>(command.prompt.describe(promptOf[image]));
    text.put("parameters", parameters(text));
    return text;
  }

  /**
   * The same in one text, as other programs read it.
   *
   * @param text with the prompts
   */
  private String parameters(Map<String, String> text) {
    String negative = text.get(PromptOptions.NEGATIVE);
    return "%s%s\nSteps: %d, Sampler: %s, CFG scale: %s, Seed: %d, Size: %dx%d, Model: %s"
        .formatted(
            text.get(PromptOptions.PROMPT),
            negative == null ? "" : "\nNegative prompt: " + negative,
            command.sampler.steps,
            sampling.scheduler().className(),
            guidance,
            command.seed,
            pixels.width(),
            pixels.height(),
            command.model.getFileName());
  }
}
