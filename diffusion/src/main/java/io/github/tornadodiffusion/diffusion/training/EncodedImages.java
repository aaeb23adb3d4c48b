package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.sampling.LatentCodec;
import io.github.tornadodiffusion.diffusion.sampling.LatentImages;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * Images as an autoencoder sees them: each is the means of its latents and the logarithms of their
 * variances, computed once. A training draws latents from these anew in every step.
 */
final class EncodedImages implements Dataset {
  private final Dataset images;
  private final IntUnaryOperator labels;
  private final int channels;
  private final int side;
  private final float[][] moments;
  private final float[][] mirrored;

  /**
   * Encodes all images.
   *
   * @param labels of the images, by their numbers
   * @param flips whether mirrored images are asked for, which are encoded too
   */
  EncodedImages(LatentCodec codec, Dataset images, IntUnaryOperator labels, boolean flips) {
    this.images = images;
    this.labels = labels;
    channels = 2 * codec.config().latentChannels();
    side = images.imageSize() / codec.config().scaleFactor();
    moments = new float[images.size()][];
    mirrored = new float[flips ? images.size() : 0][];
    for (int i = 0; i < moments.length; i++) {
      moments[i] = encode(codec, images.image(i));
      if (flips) {
        mirrored[i] = encode(codec, images.mirrored(i));
      }
    }
  }

  private float[] encode(LatentCodec codec, float[] pixels) {
    LatentImages latents = codec.encode(pixels, 1, images.imageSize(), images.imageSize());
    float[] both = Arrays.copyOf(latents.mean(), 2 * latents.mean().length);
    System.arraycopy(latents.logvar(), 0, both, latents.mean().length, latents.logvar().length);
    return both;
  }

  @Override
  public String name() {
    return images.name();
  }

  @Override
  public int size() {
    return moments.length;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int imageSize() {
    return side;
  }

  @Override
  public float[] image(int index) {
    return moments[index].clone();
  }

  @Override
  public float[] mirrored(int index) {
    return mirrored[index].clone();
  }

  @Override
  public int label(int index) {
    return labels.applyAsInt(index);
  }

  @Override
  public int classes() {
    return images.classes();
  }

  @Override
  public String hash() {
    return images.hash();
  }
}
