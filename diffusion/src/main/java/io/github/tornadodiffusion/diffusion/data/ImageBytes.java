package io.github.tornadodiffusion.diffusion.data;

import io.github.tornadodiffusion.nn.io.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Images held as one unsigned byte per sample, and their conversion to and from [-1, 1]. */
public final class ImageBytes {
  private ImageBytes() {}

  /** 0 .. 255 becomes -1 .. 1. */
  public static float[] toFloats(byte[] pixels) {
    float[] values = new float[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      values[i] = (pixels[i] & 0xFF) / 127.5f - 1;
    }
    return values;
  }

  /** The nearest byte to a value of the scale 0 .. 255; values beyond it are clamped. */
  public static byte toByte(double value) {
    return (byte) (int) Math.rint(Math.min(255, Math.max(0, value)));
  }

  /** Brightness of a colour according to ITU-R 601. */
  public static float luma(float red, float green, float blue) {
    return 0.299f * red + 0.587f * green + 0.114f * blue;
  }

  /**
   * Refuses data that cannot fit into memory before time is spent on it.
   *
   * @throws IllegalArgumentException if the images take more than half of the heap
   */
  public static void checkMemory(long count, int channels, int imageSize) {
    long mebibytes = (count * channels * imageSize * imageSize) >> 20;
    long heap = Runtime.getRuntime().maxMemory() >> 20;
    if (mebibytes > heap / 2) {
      throw new IllegalArgumentException(
          "%d images of %dx%d take %d MiB of a heap of %d MiB: take fewer or smaller ones or a heap"
                  .formatted(count, imageSize, imageSize, mebibytes, heap)
              + " that is larger, with -Xmx");
    }
  }

  /** A SHA-256 of the number and shape of images, ready for their pixels. */
  public static MessageDigest digest(int count, int channels, int imageSize) {
    MessageDigest digest = Sha256.digest();
    digest.update(ByteBuffer.allocate(12).putInt(count).putInt(channels).putInt(imageSize).array());
    return digest;
  }

  /** The SHA-256 over images of one shape, in hexadecimal. */
  public static String hash(byte[][] images, int channels, int imageSize) {
    MessageDigest digest = digest(images.length, channels, imageSize);
    for (byte[] image : images) {
      digest.update(image);
    }
    return Sha256.hex(digest);
  }
}
