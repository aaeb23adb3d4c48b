package io.github.tornadodiffusion.diffusion.data.butterflies;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.ImageBytes;
import io.github.tornadodiffusion.nn.random.SplitMix64;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/**
 * Drawn butterflies on light grounds, after the pictures of museum collections: wings, colours,
 * patterns, pose and ground vary from image to image.
 *
 * <p>An image depends on (seed, index) and the size alone, and is the same on every machine; the
 * same butterfly can be drawn at several sizes. Images are drawn when first asked for and then
 * kept.
 */
public final class Butterflies implements Dataset {
  /** The number of images by default. */
  public static final int DEFAULT_COUNT = 1_000;

  private final int imageSize;
  private final int channels;
  private final long seed;
  private final AtomicReferenceArray<byte[]> drawn;

  /**
   * A collection of butterflies.
   *
   * @param count number of images, at least 1
   * @param imageSize width and height in pixels
   * @param channels 3, or 1 for grey
   * @param seed another seed gives another collection
   */
  public Butterflies(int count, int imageSize, int channels, long seed) {
    if (count < 1) {
      throw new IllegalArgumentException(count + " butterflies are too few: ask for 1 or more");
    }
    ImageBytes.checkMemory(count, channels, imageSize);
    this.imageSize = imageSize;
    this.channels = channels;
    this.seed = seed;
    drawn = new AtomicReferenceArray<>(count);
  }

  private byte[] pixels(int index) {
    byte[] pixels = drawn.get(index);
    if (pixels == null) {
      pixels = new Butterfly(new SplitMix64(seed, index)).render(imageSize, channels);
      drawn.set(index, pixels);
    }
    return pixels;
  }

  @Override
  public String name() {
    return "butterflies";
  }

  @Override
  public int size() {
    return drawn.length();
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  @Override
  public float[] image(int index) {
    return ImageBytes.toFloats(pixels(index));
  }

  @Override
  public int label(int index) {
    return -1;
  }

  @Override
  public int classes() {
    return 0;
  }

  /** The SHA-256 over all pixels; draws the images that were not drawn yet. */
  @Override
  public String hash() {
    byte[][] images =
        IntStream.range(0, size()).parallel().mapToObj(this::pixels).toArray(byte[][]::new);
    return ImageBytes.hash(images, channels, imageSize);
  }
}
