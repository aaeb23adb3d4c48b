package io.github.tornadodiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChosenClassesTest {
  private final Dataset digits = Datasets.open("digits", 8, 1, 0);

  @Test
  void theirImagesAreThereWithNewNumbers() {
    Dataset chosen = new ChosenClasses(digits, List.of("7", "3"));
    assertEquals(List.of("3", "7"), chosen.classNames());
    assertEquals(2, chosen.classes());
    int next = 0;
    for (int i = 0; i < digits.size(); i++) {
      if (digits.label(i) == 3 || digits.label(i) == 7) {
        assertArrayEquals(digits.image(i), chosen.image(next));
        assertEquals(digits.label(i) == 3 ? 0 : 1, chosen.label(next));
        next++;
      }
    }
    assertEquals(next, chosen.size());
    assertNotEquals(digits.hash(), chosen.hash());
  }

  @Test
  void unknownOnesAreRefused() {
    String unknown =
        assertThrows(
                IllegalArgumentException.class, () -> new ChosenClasses(digits, List.of("1", "10")))
            .getMessage();
    assertTrue(unknown.contains("'10'") && unknown.contains("0, 1, 2"), unknown);
    Dataset none = Datasets.open("butterflies:3", 8, 1, 0);
    assertThrows(IllegalArgumentException.class, () -> new ChosenClasses(none, List.of("0")));
  }

  /** Of the images that are there, not of all. */
  @Test
  void whatTheirFilesAreIsSaid(@TempDir Path directory) throws IOException {
    for (int size : new int[] {20, 40}) {
      int type = size == 20 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB;
      BufferedImage image = new BufferedImage(size, size, type);
      image.setRGB(1, 1, 0xFF0000);
      Path file = directory.resolve("of" + size).resolve("1.png");
      Files.createDirectories(file.getParent());
      ImageIO.write(image, "png", file.toFile());
    }
    Dataset all = Datasets.open(directory.toString(), 16, 3, 0);
    assertEquals("20x20 to 40x40 pixels, 1 of 2 in colour", describe(all));
    assertEquals("20x20 pixels, grey", describe(new ChosenClasses(all, List.of("of20"))));
    assertEquals("40x40 pixels, colour", describe(new Subset(all, new int[] {1}, "last")));
    assertEquals(1, new Subset(all, new int[] {1}, "last").originals().orElseThrow().halved());
    assertEquals(Optional.empty(), new Subset(digits, new int[] {1}, "second").originals());
  }

  private static String describe(Dataset images) {
    return images.originals().orElseThrow().describe();
  }

  @Test
  void aPartIsSpreadOverTheWhole() {
    Dataset part = Datasets.open("digits", 8, 1, 0, 3);
    assertEquals(3, part.size());
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(digits.image(599 * i), part.image(i));
    }
    assertEquals(2, Datasets.open("butterflies:7", 8, 3, 0, 2).size());
    assertEquals(digits.hash(), Datasets.open("digits", 8, 1, 0, 1797).hash());
  }
}
