package io.github.tornadodiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.butterflies.Butterflies;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HeldOutTest {
  private static final Dataset DIGITS = new Digits(8, 1);

  @Test
  void everyImageIsInOnePart() {
    HeldOut split = HeldOut.split(DIGITS, 0.2, 7);
    Set<String> seen = new HashSet<>();
    for (Dataset part : new Dataset[] {split.training(), split.heldOut()}) {
      for (int i = 0; i < part.size(); i++) {
        seen.add(part.label(i) + Arrays.toString(part.image(i)));
      }
    }
    Set<String> all = new HashSet<>();
    for (int i = 0; i < DIGITS.size(); i++) {
      all.add(DIGITS.label(i) + Arrays.toString(DIGITS.image(i)));
    }
    assertEquals(all, seen);
    assertEquals(DIGITS.size(), split.training().size() + split.heldOut().size());
  }

  @Test
  void classesKeepTheirShares() {
    int[] all = counts(DIGITS);
    int[] held = counts(HeldOut.split(DIGITS, 0.2, 7).heldOut());
    for (int label = 0; label < 10; label++) {
      assertEquals(0.2 * all[label], held[label], 0.51);
    }
  }

  private static int[] counts(Dataset dataset) {
    int[] counts = new int[dataset.classes()];
    for (int i = 0; i < dataset.size(); i++) {
      counts[dataset.label(i)]++;
    }
    return counts;
  }

  @Test
  void dependsOnTheSeed() {
    HeldOut split = HeldOut.split(DIGITS, 0.2, 7);
    assertEquals(split.heldOut().hash(), HeldOut.split(DIGITS, 0.2, 7).heldOut().hash());
    assertNotEquals(split.heldOut().hash(), HeldOut.split(DIGITS, 0.2, 8).heldOut().hash());
    assertNotEquals(split.heldOut().hash(), split.training().hash());
    assertEquals("digits, held-out 359 of 1797", split.heldOut().name());
  }

  @Test
  void imagesWithoutClassesAreSplitToo() {
    Dataset butterflies = new Butterflies(10, 8, 3, 1);
    HeldOut split = HeldOut.split(butterflies, 0.3, 1);
    assertEquals(3, split.heldOut().size());
    assertEquals(7, split.training().size());
    assertEquals(-1, split.heldOut().label(0));
    assertEquals(0, split.heldOut().classes());
  }

  @Test
  void subsetsShowTheWhole() {
    Subset subset = new Subset(DIGITS, new int[] {5, 3}, "odd");
    assertArrayEquals(DIGITS.image(5), subset.image(0));
    assertEquals(DIGITS.label(3), subset.label(1));
    assertEquals(DIGITS.classNames(), subset.classNames());
    assertEquals("digits, odd 2 of 1797", subset.name());
    assertEquals(2, subset.size());
    assertNotEquals(new Subset(DIGITS, new int[] {3, 5}, "odd").hash(), subset.hash());
    assertTrue(subset.hash().matches("[0-9a-f]{64}"));
  }

  @Test
  void refusesEmptyParts() {
    assertThrows(IllegalArgumentException.class, () -> HeldOut.split(DIGITS, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> HeldOut.split(DIGITS, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> HeldOut.split(DIGITS, 1e-5, 1));
    assertThrows(
        IndexOutOfBoundsException.class, () -> new Subset(DIGITS, new int[] {1797}, "late"));
  }
}
