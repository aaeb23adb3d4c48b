package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.programs.Inference;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Images to latents and back with an autoencoder, one image after the other, and in tiles where an
 * image is larger than one. A program is on the device for as long as it is used alone.
 *
 * @param parameters of the whole autoencoder
 * @param tile height and width of a tile in pixels; 0 for whole images
 */
public record LatentCodec(
    Engine engine, AutoencoderKLConfig config, Map<String, HostTensor> parameters, int tile) {
  /** Checks the tile. */
  public LatentCodec {
    int least = 4 * config.scaleFactor();
    if (tile != 0 && (tile < least || tile % least != 0)) {
      throw new IllegalArgumentException(
          "A tile has %d pixels: use a multiple of %d, or 0 for whole images"
              .formatted(tile, least));
    }
  }

  /**
   * Decodes latents.
   *
   * @param latents scaled for a diffusion model, NCHW
   * @param h height of the latents
   * @param w width of the latents
   * @return images about in [-1, 1], NCHW
   */
  public float[] decode(float[] latents, int images, int h, int w) {
    int channels = config.latentChannels();
    double shift = config.shiftFactor() == null ? 0 : config.shiftFactor();
    int length = channels * h * w;
    int factor = config.scaleFactor();
    float[] all = new float[images * config.outChannels() * factor * h * factor * w];
    try (Programs decoder = new Programs(AutoencoderKL.decoder(config))) {
      for (int i = 0; i < images; i++) {
        float[] own = Arrays.copyOfRange(latents, i * length, (i + 1) * length);
        for (int k = 0; k < own.length; k++) {
          own[k] = (float) (own[k] / config.scalingFactor() + shift);
        }
        Tiles.Image image =
            whole(
                new Tiles.Image(own, channels, h, w),
                tile / factor,
                tile,
                part ->
                    new Tiles.Image(
                        decoder
                            .at(part.h(), part.w())
                            .predict(Map.of(AutoencoderKL.LATENTS, part.values())),
                        config.outChannels(),
                        factor * part.h(),
                        factor * part.w()));
        System.arraycopy(image.values(), 0, all, i * image.values().length, image.values().length);
      }
    }
    return all;
  }

  /**
   * Encodes images.
   *
   * @param pixels about in [-1, 1], NCHW
   */
  public LatentImages encode(float[] pixels, int images, int h, int w) {
    int channels = config.inChannels();
    int latent = config.latentChannels();
    int factor = config.scaleFactor();
    int length = channels * h * w;
    int latents = latent * (h / factor) * (w / factor);
    float[] mean = new float[images * latents];
    float[] logvar = new float[images * latents];
    try (Programs encoder = new Programs(AutoencoderKL.encoder(config))) {
      for (int i = 0; i < images; i++) {
        float[] own = Arrays.copyOfRange(pixels, i * length, (i + 1) * length);
        Tiles.Image moments =
            whole(
                new Tiles.Image(own, channels, h, w),
                tile,
                tile / factor,
                part -> {
                  Inference program = encoder.at(part.h(), part.w());
                  float[] m = program.predict(Map.of(AutoencoderKL.IMAGES, part.values()));
                  float[] v = program.images(AutoencoderKL.LOGVAR);
                  float[] both = Arrays.copyOf(m, 2 * m.length);
                  System.arraycopy(v, 0, both, m.length, v.length);
                  return new Tiles.Image(both, 2 * latent, part.h() / factor, part.w() / factor);
                });
        System.arraycopy(moments.values(), 0, mean, i * latents, latents);
        System.arraycopy(moments.values(), latents, logvar, i * latents, latents);
      }
    }
    return new LatentImages(mean, logvar, images, config);
  }

  private Tiles.Image whole(Tiles.Image image, int size, int result, Tiles.Function function) {
    return size == 0 || image.h() <= size && image.w() <= size
        ? function.of(image)
        : new Tiles(size, result).apply(image, function);
  }

  /** A half of the autoencoder on the device for one size at a time. */
  private final class Programs implements AutoCloseable {
    private final AutoencoderKL half;
    private final Map<String, HostTensor> own;
    private List<Integer> size;
    private Inference program;

    Programs(AutoencoderKL half) {
      this.half = half;
      own = half.parameters().of(parameters);
    }

    Inference at(int h, int w) {
      if (!List.of(h, w).equals(size)) {
        close();
        program = Inference.record(half, new BatchShape(1, h, w)).open(engine, own);
        size = List.of(h, w);
      }
      return program;
    }

    @Override
    public void close() {
      if (program != null) {
        program.close();
      }
    }
  }
}
