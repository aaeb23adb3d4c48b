package io.github.tornadodiffusion.diffusion.images;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilmTest {
  private static final Film.ImageShape DOT = new Film.ImageShape(1, 1, 1);

  @TempDir Path directory;

  /** A film of two batches of two images; image 1 is 0.5 brighter than image 0. */
  private static Film film(int calls, int most) {
    Film film = new Film(2, DOT, calls, most);
    for (int first : new int[] {0, 2}) {
      for (int call = 0; call < calls; call++) {
        float value = first == 0 ? level(call, calls) : 1;
        film.sees(first, call, () -> new float[] {value, value + 0.5f});
      }
      float value = first == 0 ? level(calls, calls) : 1;
      film.images(first, new float[] {value, value + 0.5f});
    }
    return film;
  }

  private static float level(int call, int calls) {
    return -1 + (float) call / calls;
  }

  private static int grey(float value) {
    return (int) Math.rint((value / 2 + 0.5f) * 255);
  }

  @Test
  void framesAreSpreadFromNoiseToImage() {
    assertArrayEquals(new int[] {0, 25, 50, 75, 100}, calls(100, 5));
    assertArrayEquals(new int[] {0, 1, 2, 3}, calls(3, 10));
    assertArrayEquals(new int[] {0, 1}, calls(1, 10));
    int[] many = calls(7, 5);
    assertEquals(many.length, Arrays.stream(many).distinct().count());
  }

  private static int[] calls(int calls, int most) {
    Film film = new Film(1, DOT, calls, most);
    int[] chosen = new int[film.frames()];
    Arrays.setAll(chosen, film::callOf);
    return chosen;
  }

  @Test
  void aStripHasARowAnImageAndAColumnAFrame() {
    BufferedImage strip = film(4, 3).strip();
    assertEquals(2 + 3 * 66, strip.getWidth());
    assertEquals(2 + 2 * 66, strip.getHeight());
    for (int row = 0; row < 2; row++) {
      for (int column = 0; column < 3; column++) {
        assertEquals(
            grey(level(2 * column, 4) + 0.5f * row),
            strip.getRGB(2 + 66 * column + 30, 2 + 66 * row + 30) & 0xFF);
      }
    }
  }

  @Test
  void animationsHaveFramesDelaysAndALoop() throws IOException {
    Film film = film(4, 3);
    Path file = directory.resolve("new/film.gif");
    GifFiles.write(
        file,
        new GifFiles.Frames() {
          @Override
          public int count() {
            return film.frames();
          }

          @Override
          public BufferedImage image(int index) {
            return film.frame(index);
          }

          @Override
          public int delay(int index) {
            return 10 + index;
          }
        });
    String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
    // Extension of 11 bytes, then a block of 3: loop 0 times, which is for ever.
    assertTrue(bytes.contains("!\u00FF\u000BNETSCAPE2.0\u0003\u0001\u0000\u0000\u0000"));
    assertEquals(bytes.indexOf("NETSCAPE2.0"), bytes.lastIndexOf("NETSCAPE2.0"));
    ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
    try (ImageInputStream input = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(input);
      assertEquals(3, reader.getNumImages(true));
      List<String> delays = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        BufferedImage expected = film.frame(i);
        BufferedImage frame = reader.read(i);
        assertEquals(expected.getWidth(), frame.getWidth());
        assertEquals(expected.getRGB(30, 30), frame.getRGB(30, 30));
        assertEquals(expected.getRGB(100, 30), frame.getRGB(100, 30));
        IIOMetadataNode root =
            (IIOMetadataNode) reader.getImageMetadata(i).getAsTree("javax_imageio_gif_image_1.0");
        IIOMetadataNode control =
            (IIOMetadataNode) root.getElementsByTagName("GraphicControlExtension").item(0);
        delays.add(control.getAttribute("delayTime"));
      }
      assertEquals(List.of("10", "11", "12"), delays);
    } finally {
      reader.dispose();
    }
  }
}
