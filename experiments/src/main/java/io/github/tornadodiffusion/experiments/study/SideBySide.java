package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.images.GreyImage;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/** Joins pictures into one, from left to right. */
final class SideBySide {
  private static final int GAP = 16;
  private static final int WHITE = 0xffffff;

  private SideBySide() {}

  /**
   * The joined picture.
   *
   * @param pngs at least one
   * @return PNG
   * @throws IOException if one is no picture
   */
  static byte[] of(List<byte[]> pngs) throws IOException {
    List<BufferedImage> images = new ArrayList<>();
    int width = -GAP;
    int height = 0;
    for (byte[] png : pngs) {
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
      if (image == null) {
        throw new IOException("a file is no PNG picture");
      }
      images.add(GreyImage.toRgb(image));
      width += image.getWidth() + GAP;
      height = Math.max(height, image.getHeight());
    }
    BufferedImage joined = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int left = 0;
    for (BufferedImage image : images) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < Math.min(image.getWidth() + GAP, width - left); x++) {
          boolean inside = x < image.getWidth() && y < image.getHeight();
          joined.setRGB(left + x, y, inside ? image.getRGB(x, y) : WHITE);
        }
      }
      left += image.getWidth() + GAP;
    }
    return PngFiles.encode(joined, Map.of());
  }
}
