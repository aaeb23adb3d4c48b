package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Pictures by their pixels: encoders differ between JDKs, pixels do not. */
public final class Pictures {
  private Pictures() {}

  /** All pixels as colours, row by row. */
  public static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  /** The pixels of a file. */
  public static int[] pixels(Path file) throws IOException {
    return pixels(ImageIO.read(file.toFile()));
  }

  static void assertPixels(BufferedImage expected, BufferedImage image) {
    assertArrayEquals(pixels(expected), pixels(image));
  }
}
