package io.github.tornadodiffusion.diffusion.data.decoding;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;

/**
 * Reads an image's rows as red, green and blue over white.
 *
 * <p>It uses the stored samples themselves. {@link BufferedImage#getRGB} would treat grey samples
 * as linear light and brighten them, and would apply embedded colour profiles pixel by pixel.
 */
final class PixelRows {
  private static final float WHITE = 255;

  private final Raster raster;
  private final int bands;
  private final int[] palette;
  private final float[] scale;
  private final boolean yCbCr;
  private final Canvas canvas;

  private PixelRows(Raster raster, int[] palette, float[] scale, boolean yCbCr, Canvas canvas) {
    this.raster = raster;
    bands = raster.getNumBands();
    this.palette = palette;
    this.scale = scale;
    this.yCbCr = yCbCr;
    this.canvas = canvas;
  }

  /** The rows of an image. */
  static PixelRows of(BufferedImage image) throws IOException {
    return of(image, Canvas.of(image.getWidth(), image.getHeight()));
  }

  /** The rows of a canvas with an image on it. */
  static PixelRows of(BufferedImage image, Canvas canvas) throws IOException {
    Raster raster = image.getRaster();
    ColorModel model = image.getColorModel();
    float[] scale = new float[raster.getNumBands()];
    if (model instanceof IndexColorModel indexed) {
      int[] palette = new int[indexed.getMapSize()];
      indexed.getRGBs(palette);
      return new PixelRows(raster, palette, scale, false, canvas);
    }
    if (scale.length > 4 || scale.length != model.getNumComponents()) {
      throw new IOException("images of " + scale.length + " channels are not supported");
    }
    for (int band = 0; band < scale.length; band++) {
      scale[band] = WHITE / ((1 << model.getComponentSize(band)) - 1);
    }
    return new PixelRows(raster, null, scale, false, canvas);
  }

  /** The rows of bytes: one band, or three of red, green and blue or of YCbCr. */
  static PixelRows of(Raster raster, boolean yCbCr) {
    float[] scale = new float[raster.getNumBands()];
    Arrays.fill(scale, 1);
    return new PixelRows(
        raster, null, scale, yCbCr, Canvas.of(raster.getWidth(), raster.getHeight()));
  }

  int width() {
    return canvas.width();
  }

  int height() {
    return canvas.height();
  }

  /**
   * Reads part of a row.
   *
   * @param row receives width reds, width greens, width blues, each 0 .. 255
   */
  void read(int left, int y, int width, float[] row) {
    int from = Math.clamp(canvas.left() - left, 0, width);
    int to = Math.clamp(canvas.left() + raster.getWidth() - left, from, width);
    int line = y - canvas.top();
    if (line < 0 || line >= raster.getHeight()) {
      to = from;
    }
    if (to - from < width) {
      Arrays.fill(row, 0, 3 * width, WHITE);
    }
    if (from == to) {
      return;
    }
    int[] samples = raster.getPixels(left + from - canvas.left(), line, to - from, 1, (int[]) null);
    for (int x = from; x < to; x++) {
      int at = (x - from) * bands;
      if (palette != null) {
        int colour = samples[at] < palette.length ? palette[samples[at]] : 0xFF000000;
        float alpha = (colour >>> 24) / WHITE;
        row[x] = over(colour >> 16 & 0xFF, alpha);
        row[width + x] = over(colour >> 8 & 0xFF, alpha);
        row[2 * width + x] = over(colour & 0xFF, alpha);
      } else {
        boolean colour = bands >= 3;
        if (yCbCr && colour) {
          toRgb(samples, at);
        }
        // Alpha, where there is any, is the last of 2 or 4 bands.
        float alpha = bands % 2 == 0 ? samples[at + bands - 1] * scale[bands - 1] / WHITE : 1;
        row[x] = over(samples[at] * scale[0], alpha);
        row[width + x] = colour ? over(samples[at + 1] * scale[1], alpha) : row[x];
        row[2 * width + x] = colour ? over(samples[at + 2] * scale[2], alpha) : row[x];
      }
    }
  }

  /** JPEG's conversion in fixed point, as libjpeg computes it ({@code jdcolor.c}). */
  private static void toRgb(int[] samples, int at) {
    int y = samples[at];
    int blue = samples[at + 1] - 128;
    int red = samples[at + 2] - 128;
    samples[at] = Math.clamp(y + (91_881 * red + 32_768 >> 16), 0, 255);
    samples[at + 1] = Math.clamp(y + (32_768 - 22_554 * blue - 46_802 * red >> 16), 0, 255);
    samples[at + 2] = Math.clamp(y + (116_130 * blue + 32_768 >> 16), 0, 255);
  }

  private static float over(float sample, float alpha) {
    return sample * alpha + WHITE * (1 - alpha);
  }
}
