package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Images of texts in one call, with DDIM and classifier-free guidance: for pictures of a training
 * and images of a class.
 *
 * @param prompts which the images show in turn
 * @param side width and height of the images in pixels
 * @param count of the images
 * @param steps of DDIM
 * @param guidance its scale; none up to 1
 */
public record TextImages(
    List<String> prompts, int side, int count, int steps, double guidance, long seed) {
  private static final String SCHEDULER = "DDIMScheduler";

  /** Images that are computed at once. */
  private static final int BATCH = 4;

  /** Calls of the UNet. */
  public long calls() {
    return (long) steps * Math.ceilDiv(count, BATCH);
  }

  /**
   * Draws the images.
   *
   * @param vocabulary a tokenizer's directory for a model without one, or null
   * @param progress is told of every call of the UNet
   * @return about in [-1, 1], NCHW
   * @throws IOException in one line if the model cannot be read
   */
  public float[] draw(
      Engine engine, StableDiffusionModel model, Path vocabulary, Pipeline.Progress progress)
      throws IOException {
    int channels = model.autoencoder().latentChannels();
    int latent = side / model.autoencoder().scaleFactor();
    UNet2DConditionModel unet = new UNet2DConditionModel(model.unet(), PromptReader.text(model));
    ReverseProcess process =
        ReverseProcess.fromNoise(
            Sampling.of(Schedulers.convert(model.scheduler(), SCHEDULER), steps));
    TextToImage.Prompts read =
        new PromptReader(engine, model, vocabulary)
            .read(
                prompts,
                null,
                new PromptReader.Options(guidance, 0, 0, SampleSize.square(side)),
                IntStream.range(0, count).map(i -> i % prompts.size()).toArray());
    float[] latents;
    try (TextToImage pipeline =
        TextToImage.open(
            engine,
            TextToImage.record(
                unet,
                channels,
                process.registers(),
                new BatchShape(Math.min(BATCH, count), latent, latent)),
            model.unetParameters(unet.parameters().specs()),
            channels)) {
      latents =
          pipeline.latents(
              process,
              new PromptConditions(),
              read,
              Rng.PHILOX.sampleNoise(seed, count, channels * latent * latent),
              Pipeline.Part.ALL,
              new Pipeline.Listener() {
                @Override
                public void calls(long done, long total) {
                  progress.calls(done, total);
                }

                @Override
                public void images(int first, int images, float[] values) {
                  // Latents; all of them are decoded afterwards.
                }
              });
    }
    Map<String, HostTensor> codec =
        model.autoencoderParameters(new AutoencoderKL(model.autoencoder()).parameters().specs());
    return new LatentCodec(engine, model.autoencoder(), codec, 0)
        .decode(latents, count, latent, latent);
  }
}
