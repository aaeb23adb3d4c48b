package io.github.tornadodiffusion.diffusion.data.butterflies;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ButterfliesTest {
  @Test
  void allDifferAndAllAreInRange() {
    Dataset butterflies = new Butterflies(60, 16, 3, 0);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < butterflies.size(); i++) {
      float[] image = butterflies.image(i);
      assertEquals(3 * 16 * 16, image.length);
      float low = 1;
      float high = -1;
      for (float value : image) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      assertTrue(low >= -1 && high <= 1, low + " .. " + high);
      assertTrue(high - low > 0.5, "image " + i + " is almost blank");
      assertTrue(seen.add(Arrays.toString(image)), "image " + i + " is there twice");
    }
  }

  @Test
  void repeatableWhateverTheOrderAndCount() {
    Dataset butterflies = new Butterflies(10, 24, 3, 7);
    float[] last = butterflies.image(9);
    float[] first = butterflies.image(0);
    Dataset again = new Butterflies(20, 24, 3, 7);
    assertArrayEquals(first, again.image(0));
    assertArrayEquals(last, again.image(9));
    assertFalse(Arrays.equals(first, new Butterflies(10, 24, 3, 8).image(0)), "another seed");
  }

  @Test
  void sameHashOnEveryMachine() {
    String hash = "fe1480b19c15eb03f730e515b343b575dee6182f3b35cfc7c3878bc706d2c95c";
    assertEquals(hash, new Butterflies(16, 32, 3, 0).hash());
    assertNotEquals(hash, new Butterflies(16, 32, 3, 1).hash());
  }

  @Test
  void sizesShowTheSameButterfly() {
    float[] large = new Butterflies(1, 64, 3, 3).image(0);
    float[] small = new Butterflies(1, 32, 3, 3).image(0);
    double difference = 0;
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < 1024; i++) {
        int at = c * 4096 + i / 32 * 2 * 64 + i % 32 * 2;
        float mean = (large[at] + large[at + 1] + large[at + 64] + large[at + 65]) / 4;
        difference += Math.abs(mean - small[c * 1024 + i]) / 3072;
      }
    }
    assertTrue(difference < 0.02, "mean difference " + difference);
  }

  @Test
  void greyIsTheLumaOfTheColours() {
    float[] colour = new Butterflies(1, 20, 3, 1).image(0);
    float[] grey = new Butterflies(1, 20, 1, 1).image(0);
    assertEquals(400, grey.length);
    for (int i = 0; i < 400; i++) {
      float luma = 0.299f * colour[i] + 0.587f * colour[400 + i] + 0.114f * colour[800 + i];
      assertEquals(luma, grey[i], 0.01f);
    }
  }
}
