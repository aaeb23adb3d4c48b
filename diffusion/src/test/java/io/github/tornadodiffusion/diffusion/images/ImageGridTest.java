package io.github.tornadodiffusion.diffusion.images;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ImageGridTest {
  private static int rgb(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & 0xFFFFFF;
  }

  @Test
  void roundsAsDiffusersDoes() {
    // numpy: (np.clip(np.float32(x) / 2 + 0.5, 0, 1) * 255).round(), which rounds half to even
    float[] values = {-1, 1, -7, 7, 0, 0.5f, -0.5f, Float.NaN, 1 / 255f, 3 / 255f};
    int[] expected = {0, 255, 0, 255, 128, 191, 64, 0, 128, 129};
    BufferedImage image = ImageGrid.single(values, 0, 1, 1, values.length);
    int[] red = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      red[i] = rgb(image, i, 0) >> 16;
      assertEquals(red[i] * 0x010101, rgb(image, i, 0), "grey");
    }
    assertArrayEquals(expected, red);
  }

  /** Every level is the same number in the picture, as red, green and blue, and in the file. */
  @Test
  void oneChannelIsGrey() throws IOException {
    float[] levels = new float[256];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = i / 127.5f - 1;
    }
    for (BufferedImage image :
        new BufferedImage[] {
          ImageGrid.single(levels, 0, 1, 1, 256), ImageGrid.grid(levels, 1, 1, 1, 256, 1, 1)
        }) {
      int border = (image.getWidth() - 256) / 2;
      BufferedImage file =
          ImageIO.read(new ByteArrayInputStream(PngFiles.encode(image, Map.of("a", "b"))));
      assertEquals(1, file.getRaster().getNumBands());
      assertEquals(BufferedImage.TYPE_BYTE_GRAY, file.getType());
      for (int i = 0; i < levels.length; i++) {
        assertEquals(i, file.getRaster().getSample(border + i, border, 0));
        assertEquals(i * 0x010101, rgb(image, border + i, border));
        assertEquals(i * 0x010101, rgb(GreyImage.toRgb(image), border + i, border));
        assertEquals(i * 0x010101, rgb(GreyImage.toRgb(file), border + i, border));
      }
    }
    assertEquals(3, ImageGrid.single(levels, 0, 3, 8, 8).getRaster().getNumBands());
  }

  @Test
  void pixelsAreKnownBeforeThePictureIsDrawn() {
    for (int[] size : new int[][] {{1, 8, 8}, {5, 3, 70}, {16, 64, 32}, {7, 1, 1}}) {
      BufferedImage grid =
          ImageGrid.grid(new float[size[0] * size[1] * size[2]], size[0], 1, size[1], size[2]);
      assertEquals(
          (long) grid.getWidth() * grid.getHeight(), ImageGrid.pixels(size[0], size[1], size[2]));
    }
    assertTrue(ImageGrid.pixels(Integer.MAX_VALUE, 8, 8) > Integer.MAX_VALUE);
  }

  @Test
  void placesAndEnlargesImages() {
    // Three images of 3 channels, 1x2 pixels.
    float[] images = {
      1, -1, -1, -1, -1, 1, /* red, blue */
      -1, 1, 1, 1, -1, -1, /* green, yellow */
      1, -1, 1, -1, 1, -1 /* white, black */
    };
    BufferedImage grid = ImageGrid.grid(images, 3, 3, 1, 2, 2, 3);
    assertEquals(2 + 2 * (6 + 2), grid.getWidth());
    assertEquals(2 + 2 * (3 + 2), grid.getHeight());
    int[][] corners = {{2, 2}, {10, 2}, {2, 7}};
    int[][] colours = {{0xFF0000, 0x0000FF}, {0x00FF00, 0xFFFF00}, {0xFFFFFF, 0x000000}};
    for (int i = 0; i < 3; i++) {
      for (int x = 0; x < 6; x++) {
        for (int y = 0; y < 3; y++) {
          assertEquals(colours[i][x / 3], rgb(grid, corners[i][0] + x, corners[i][1] + y));
        }
      }
    }
    for (int[] gap :
        new int[][] {{0, 0}, {1, 4}, {8, 3}, {9, 3}, {4, 5}, {4, 6}, {12, 8}, {17, 11}}) {
      assertEquals(0x808080, rgb(grid, gap[0], gap[1]), "gap at " + gap[0] + ", " + gap[1]);
    }
  }

  @Test
  void digitsAreEnlargedUntilAPersonCanReadThem() {
    BufferedImage grid = ImageGrid.grid(new float[10 * 64], 10, 1, 8, 8);
    assertEquals(2 + 4 * 66, grid.getWidth());
    assertEquals(2 + 3 * 66, grid.getHeight());
    BufferedImage large = ImageGrid.grid(new float[3 * 100 * 100], 1, 3, 100, 100);
    assertEquals(104, large.getWidth());
  }

  @Test
  void anyNumberOfChannelsCanBeShown() {
    float[] images = {1, -1, 1, -1, 1};
    assertEquals(0xFFFFFF, rgb(ImageGrid.single(images, 0, 2, 1, 1), 0, 0), "the first as grey");
    assertEquals(0x000000, rgb(ImageGrid.single(images, 1, 1, 1, 1), 0, 0));
    assertEquals(0xFF00FF, rgb(ImageGrid.single(images, 0, 5, 1, 1), 0, 0), "the first three");
  }

  @Test
  void refusesTooFewValues() {
    assertThrows(IllegalArgumentException.class, () -> ImageGrid.grid(new float[11], 1, 3, 2, 2));
    assertThrows(IllegalArgumentException.class, () -> ImageGrid.grid(new float[11], 0, 3, 2, 2));
  }
}
