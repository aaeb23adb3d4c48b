package io.github.tornadodiffusion.diffusion.images;

import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * How the first images of a sampling emerge from the noise: the input of the model at some of its
 * calls, evenly spaced from the first, and finally the images themselves.
 */
public final class Film {
  private final int images;
  private final ImageShape shape;
  private final float[][] frames;
  private final int calls;

  /**
   * The shape of an image.
   *
   * @param channels of which the first three are shown, or the first
   */
  public record ImageShape(int channels, int height, int width) {
    /** Values of an image. */
    public int length() {
      return Math.multiplyExact(channels, Math.multiplyExact(height, width));
    }
  }

  /**
   * A film that has no frames yet.
   *
   * @param images how many images of the first batch to show
   * @param calls of a batch
   * @param most frames, at least 2
   */
  public Film(int images, ImageShape shape, int calls, int most) {
    this.images = images;
    this.shape = shape;
    this.calls = calls;
    frames = new float[frames(calls, most)][];
  }

  /** How many frames a film will have. */
  public static int frames(int calls, int most) {
    return Math.min(most, calls + 1);
  }

  /** Takes the next input of the model, see {@link Pipeline.Listener#sees}. */
  public void sees(int firstImage, int call, Supplier<float[]> modelInput) {
    for (int i = 0; firstImage == 0 && i < frames.length - 1; i++) {
      if (callOf(i) == call) {
        keep(i, modelInput.get());
      }
    }
  }

  /** Takes complete images, see {@link Pipeline.Listener#images}. */
  public void images(int firstImage, float[] complete) {
    if (firstImage == 0) {
      keep(frames.length - 1, complete);
    }
  }

  private void keep(int frame, float[] values) {
    frames[frame] = Arrays.copyOf(values, images * shape.length());
  }

  /** The call before which a frame is taken; the number of calls for the images themselves. */
  int callOf(int frame) {
    return (int) Math.round((double) frame * calls / (frames.length - 1));
  }

  /** How many frames there are. */
  public int frames() {
    return frames.length;
  }

  /** The images of a frame, as a grid. */
  public BufferedImage frame(int index) {
    return ImageGrid.grid(frames[index], images, shape.channels, shape.height, shape.width);
  }

  /** All frames: a row for each image, a column for each frame. */
  public BufferedImage strip() {
    int length = shape.length();
    float[] cells = new float[images * frames.length * length];
    for (int image = 0; image < images; image++) {
      for (int i = 0; i < frames.length; i++) {
        System.arraycopy(
            frames[i], image * length, cells, (image * frames.length + i) * length, length);
      }
    }
    return ImageGrid.grid(
        cells,
        images * frames.length,
        shape.channels,
        shape.height,
        shape.width,
        frames.length,
        ImageGrid.scale(shape.height, shape.width));
  }
}
