package io.github.tornadodiffusion.nn.graph;

/**
 * The shape of the batches that a program is recorded for.
 *
 * @param images or sequences in a batch
 * @param height of the images in pixels; 1 for a model without images
 * @param width of the images in pixels; 1 for a model without images
 */
public record BatchShape(int images, int height, int width) {
  /** Checks the number of images. */
  public BatchShape {
    if (images < 1) {
      throw new IllegalArgumentException("The batch size is " + images + "; use at least 1");
    }
  }

  /** The shape of batches that hold no images. */
  public static BatchShape of(int sequences) {
    return new BatchShape(sequences, 1, 1);
  }

  /** The same with at most the given number of images. */
  public BatchShape atMost(int most) {
    return new BatchShape(Math.min(images, most), height, width);
  }
}
