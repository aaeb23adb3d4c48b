package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Which pixels of an image are drawn and which are kept. */
public final class Mask {
  private static final int WHITE = 128;

  private final boolean[] drawn;

  private Mask(boolean[] drawn) {
    this.drawn = drawn;
  }

  /**
   * A mask of given pixels.
   *
   * @param drawn whether a pixel is drawn, row by row
   */
  public static Mask of(boolean... drawn) {
    return new Mask(drawn.clone());
  }

  /**
   * Reads an image that is white where pixels are drawn and black where they are kept; it is
   * cropped and resized like the images.
   *
   * @param images that the mask is for
   * @throws IOException in one line if there is no such image
   * @throws IllegalArgumentException in one line if it does not fit the images or keeps everything
   */
  public static Mask read(Path file, Dataset images) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("there is no mask " + file + ": give an image file");
    }
    DecodedImage image;
    try {
      image = ImageDecoder.decode(file, images.imageSize(), 1);
    } catch (IOException e) {
      throw new IOException(
          Messages.line(
              "the mask %s cannot be read, %s: give one of the %s"
                  .formatted(file, e.getMessage(), ImageDecoder.ACCEPTED)),
          e);
    }
    images
        .originalSizes()
        .ifPresent(sizes -> {
          // Cropping removes the same margins from images of one shape.
          if (!sizes.allOfShape(image.width(), image.height())) {
            throw new IllegalArgumentException(
                "the mask %s has %dx%d pixels and the image %s: make it as large as the image"
                    .formatted(file, image.width(), image.height(), sizes));
          }
        });
    boolean[] drawn = new boolean[image.pixels().length];
    boolean any = false;
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = (image.pixels()[i] & 0xFF) >= WHITE;
      any |= drawn[i];
    }
    if (!any) {
      throw new IllegalArgumentException(
          "the mask %s is black all over: make it white where there is to be drawn"
              .formatted(file));
    }
    return new Mask(drawn);
  }

  /**
   * 1 where a pixel is drawn and 0 where it is kept.
   *
   * @param values of the images to mask, one after another
   * @throws IllegalArgumentException if images are of another size
   */
  public float[] drawn(int values) {
    return ones(values, true);
  }

  /** 1 where a pixel is kept and 0 where it is drawn; see {@link #drawn}. */
  float[] kept(int values) {
    return ones(values, false);
  }

  private float[] ones(int values, boolean where) {
    if (values % drawn.length != 0) {
      throw new IllegalArgumentException(
          "The mask has %d pixels, which images of %d values do not"
              .formatted(drawn.length, values));
    }
    float[] ones = new float[values];
    for (int i = 0; i < ones.length; i++) {
      ones[i] = drawn[i % drawn.length] == where ? 1 : 0;
    }
    return ones;
  }
}
