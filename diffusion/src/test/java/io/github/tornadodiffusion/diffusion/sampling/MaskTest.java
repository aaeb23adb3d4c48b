package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images to begin with and the masks that belong to them. */
class MaskTest {
  @TempDir Path directory;

  /** A file that is white in a rectangle at the right and black elsewhere. */
  private Path picture(String name, int width, int height, int whiteFrom) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(whiteFrom, 0, width - whiteFrom, height);
    graphics.dispose();
    Path file = directory.resolve(name);
    PngFiles.write(file, image, Map.of());
    return file;
  }

  private static String refusal(Path mask, Dataset images) {
    Exception e = assertThrows(Exception.class, () -> Mask.read(mask, images));
    assertTrue(e instanceof IllegalArgumentException || e instanceof IOException, e.toString());
    assertEquals(1, e.getMessage().lines().count());
    return e.getMessage();
  }

  @Test
  void oneFileIsADataSetOfOneImage() throws IOException {
    Path file = picture("image.png", 24, 16, 12);
    Dataset images = Datasets.openImages(file.toString(), 8, 3);
    assertEquals(1, images.size());
    assertEquals(3 * 64, images.image(0).length);
    Dataset all = Datasets.openImages(directory.toString(), 8, 3);
    assertArrayEquals(all.image(0), images.image(0));
    assertEquals(1_797, Datasets.openImages("digits", 8, 1).size());
  }

  @Test
  void masksAreCroppedAndResizedAsTheImageIs() throws IOException {
    // The centre square of 24 x 16 is 4 to 20; half of it is white. So it is of a smaller one.
    Dataset images = Datasets.openImages(picture("image.png", 24, 16, 0).toString(), 8, 1);
    for (Path file : new Path[] {picture("a.png", 24, 16, 12), picture("b.png", 12, 8, 6)}) {
      Mask mask = Mask.read(file, images);
      float[] drawn = mask.drawn(2 * 64);
      float[] kept = mask.kept(2 * 64);
      for (int i = 0; i < drawn.length; i++) {
        assertEquals(i % 8 < 4 ? 0 : 1, drawn[i], 0, file + ", value " + i);
        assertEquals(1 - drawn[i], kept[i], 0, file + ", value " + i);
      }
    }
  }

  @Test
  void masksThatDoNotFitAreRefused() throws IOException {
    Dataset images = Datasets.openImages(picture("image.png", 24, 16, 0).toString(), 8, 1);
    assertTrue(refusal(picture("wide.png", 32, 16, 8), images).contains("32x16 pixels"));
    assertTrue(refusal(picture("black.png", 24, 16, 24), images).contains("black all over"));
    Path text = Files.writeString(directory.resolve("text.png"), "no image");
    assertTrue(refusal(text, images).contains("PNG, JPEG"));
    assertTrue(refusal(directory.resolve("none.png"), images).contains("there is no mask"));
    Path folder = Files.createDirectory(directory.resolve("images"));
    picture("images/a.png", 24, 16, 0);
    picture("images/b.png", 48, 16, 0);
    Dataset several = Datasets.openImages(folder.toString(), 8, 1);
    assertTrue(refusal(picture("mask.png", 24, 16, 8), several).contains("24x16 to 48x16"));
  }

  @Test
  void aMaskOfAnotherSizeIsAnError() {
    Mask mask = Mask.of(true, false, true);
    assertThrows(IllegalArgumentException.class, () -> mask.drawn(4));
  }
}
