package io.github.tornadodiffusion.diffusion.data.decoding;

import io.github.tornadodiffusion.diffusion.images.Headless;
import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.IOException;

/** Images that are stored as bare samples. */
public final class RawPixels {
  static {
    Headless.ensure();
  }

  private RawPixels() {}

  /**
   * Crops and resizes an image.
   *
   * @param planes 1 or 3 times height * width samples, one plane after the other
   */
  public static DecodedImage decode(
      byte[] planes, int height, int width, int imageSize, int channels) throws IOException {
    int plane = height * width;
    int bands = planes.length / plane;
    BufferedImage image =
        new BufferedImage(
            width, height, bands == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
    WritableRaster raster = image.getRaster();
    int[] samples = new int[width];
    for (int band = 0; band < bands; band++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          samples[x] = planes[band * plane + y * width + x] & 0xFF;
        }
        raster.setSamples(0, y, width, 1, band, samples);
      }
    }
    return ImageDecoder.square(PixelRows.of(image), Orientation.UPRIGHT, imageSize, channels);
  }
}
