package io.github.tornadodiffusion.diffusion.data.formats;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;

/**
 * Reads an image's rows as red, green and blue over white.
 *
 * <p>It takes the stored samples themselves. {@link BufferedImage#getRGB} would treat grey samples
 * as linear light and brighten them, and would apply embedded colour profiles pixel by pixel.
 */
final class PixelRows {
  private static final float WHITE = 255;

  private final Raster raster;
  private final int bands;
  private final int[] palette;
  private final float[] scale;

  PixelRows(BufferedImage image) throws IOException {
    raster = image.getRaster();
    bands = raster.getNumBands();
    ColorModel model = image.getColorModel();
    scale = new float[bands];
    if (model instanceof IndexColorModel indexed) {
      palette = new int[indexed.getMapSize()];
      indexed.getRGBs(palette);
      return;
    }
    palette = null;
    if (bands > 4 || bands != model.getNumComponents()) {
      throw new IOException("images of " + bands + " channels are not supported");
    }
    for (int band = 0; band < bands; band++) {
      scale[band] = WHITE / ((1 << model.getComponentSize(band)) - 1);
    }
  }

  /**
   * Reads part of a row.
   *
   * @param row receives width reds, width greens, width blues, each 0 .. 255
   */
  void read(int left, int y, int width, float[] row) {
    int[] samples = raster.getPixels(left, y, width, 1, (int[]) null);
    for (int x = 0; x < width; x++) {
      if (palette != null) {
        int colour = samples[x] < palette.length ? palette[samples[x]] : 0xFF000000;
        float alpha = (colour >>> 24) / WHITE;
        row[x] = over(colour >> 16 & 0xFF, alpha);
        row[width + x] = over(colour >> 8 & 0xFF, alpha);
        row[2 * width + x] = over(colour & 0xFF, alpha);
      } else {
        int at = x * bands;
        boolean colour = bands >= 3;
        // Alpha, where there is any, is the last of 2 or 4 bands.
        float alpha = bands % 2 == 0 ? samples[at + bands - 1] * scale[bands - 1] / WHITE : 1;
        row[x] = over(samples[at] * scale[0], alpha);
        row[width + x] = colour ? over(samples[at + 1] * scale[1], alpha) : row[x];
        row[2 * width + x] = colour ? over(samples[at + 2] * scale[2], alpha) : row[x];
      }
    }
  }

  private static float over(float sample, float alpha) {
    return sample * alpha + WHITE * (1 - alpha);
  }
}
