package io.github.tornadodiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import java.util.List;
import org.junit.jupiter.api.Test;

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
