package io.github.tornadodiffusion.diffusion.data.sources;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DigitsTest {
  @Test
  void scansAreThoseOfTheFile() {
    Digits digits = new Digits(8, 1);
    assertEquals(1_797, digits.size());
    // The file's first row begins 0,0,5,13,9,1,0,0 and ends with the label 0.
    float[] expected = {-1, -1, 5 / 8f - 1, 13 / 8f - 1, 9 / 8f - 1, 1 / 8f - 1, -1, -1};
    assertArrayEquals(expected, Arrays.copyOf(digits.image(0), 8), 1e-6f);
    assertEquals(0, digits.label(0));
    assertEquals(8, digits.label(1_796));
  }

  @Test
  void everyClassIsThereAndInkIsWhiteOnBlack() {
    Digits digits = new Digits(8, 1);
    int[] counts = new int[digits.classes()];
    int paper = 0;
    float highest = -1;
    for (int i = 0; i < digits.size(); i++) {
      counts[digits.label(i)]++;
      for (float value : digits.image(i)) {
        paper += value == -1 ? 1 : 0;
        highest = Math.max(highest, value);
      }
    }
    for (int count : counts) {
      assertTrue(count > 170 && count < 190, Arrays.toString(counts));
    }
    assertTrue(paper > digits.size() * 64 / 3, "paper is -1");
    assertEquals(1f, highest, "ink is 1");
  }

  @Test
  void largerDigitsKeepRangeAndBrightness() {
    Digits scans = new Digits(8, 1);
    Digits digits = new Digits(16, 3);
    for (int i = 0; i < 100; i++) {
      float[] image = digits.image(i);
      assertEquals(3 * 256, image.length);
      double mean = 0;
      for (int j = 0; j < 256; j++) {
        assertTrue(image[j] >= -1 && image[j] <= 1);
        assertEquals(image[j], image[256 + j]);
        assertEquals(image[j], image[512 + j]);
        mean += image[j] / 256;
      }
      double scanMean = 0;
      for (float value : scans.image(i)) {
        scanMean += value / 64;
      }
      assertEquals(scanMean, mean, 0.06);
    }
  }

  @Test
  void hashTellsSizesApart() {
    assertEquals(new Digits(16, 1).hash(), new Digits(16, 1).hash());
    assertNotEquals(new Digits(8, 1).hash(), new Digits(16, 1).hash());
    assertTrue(new Digits(8, 1).hash().matches("[0-9a-f]{64}"));
  }
}
