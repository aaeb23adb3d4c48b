package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimestepStrataTest {
  @ParameterizedTest
  @CsvSource({"1000, 50", "1000, 999", "1000, 2", "7, 7", "1, 1", "10, 1", "12, 5", "1000, 400"})
  void everyTimestepIsInOneStratum(int timesteps, int count) {
    TimestepStrata strata = new TimestepStrata(timesteps, count);
    assertEquals(count, strata.count());
    int next = 0;
    for (int k = 0; k < count; k++) {
      assertEquals(next, strata.first(k));
      assertTrue(strata.size(k) > 0);
      next += strata.size(k);
      for (int image = 0; image < 20; image++) {
        int drawn = strata.draw(3, image, k);
        assertTrue(drawn >= strata.first(k) && drawn < next, drawn + " in " + k);
      }
    }
    assertEquals(timesteps, next);
    assertTrue(count == 1 || strata.size(0) == 1);
  }

  @Test
  void drawsEveryTimestepOfAStratum() {
    TimestepStrata strata = new TimestepStrata(9, 3);
    int[] counts = new int[9];
    for (int image = 0; image < 9000; image++) {
      counts[strata.draw(1, image, 2)]++;
    }
    for (int t = strata.first(2); t < 9; t++) {
      assertEquals(9000.0 / strata.size(2), counts[t], 200);
    }
  }

  @Test
  void middlesAreInTheirStrata() {
    assertArrayEquals(new int[] {0, 1, 2, 3}, new TimestepStrata(4, 4).middles());
    assertArrayEquals(new int[] {5}, new TimestepStrata(10, 1).middles());
  }

  @Test
  void refusesMoreThanThereAre() {
    assertThrows(IllegalArgumentException.class, () -> new TimestepStrata(10, 11));
    assertThrows(IllegalArgumentException.class, () -> new TimestepStrata(10, 0));
  }
}
