package io.github.tornadodiffusion.kernels.ops.noise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Against the same in double precision. */
class BoxMullerTest {
  private static void assertPair(int radiusWord, int angleWord) {
    double u = ((radiusWord >>> 8) + 0.5) * 0x1p-24;
    double radius = Math.sqrt(-2 * Math.log(u));
    double angle = 2 * Math.PI * (angleWord >>> 8) * 0x1p-24;
    long r = BoxMuller.radius(radiusWord);
    assertValue(radius * Math.cos(angle), BoxMuller.cosine(r, angleWord));
    assertValue(radius * Math.sin(angle), BoxMuller.sine(r, angleWord));
  }

  private static void assertValue(double expected, float actual) {
    assertEquals(expected, actual, 2e-8 + Math.ulp(actual) / 2);
  }

  @Test
  void theExtremesOfBothWords() {
    for (int radius : new int[] {0, 1 << 8, 2 << 8, -1, -1 << 8, -2 << 8, 1 << 31, ~(1 << 31)}) {
      for (int eighth = 0; eighth < 8; eighth++) {
        for (int beside = -2; beside <= 2; beside++) {
          assertPair(radius, (eighth << 29) + (beside << 8));
        }
      }
    }
  }

  @Test
  void everyMagnitudeOfTheRadius() {
    for (int bit = 8; bit < 32; bit++) {
      for (int beside = -3; beside <= 3; beside++) {
        assertPair((1 << bit) + (beside << 8), 0x12345678);
      }
    }
  }

  @Test
  void randomWords() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 1_000_000; i++) {
      assertPair(random.nextInt(), random.nextInt());
    }
  }

  /** The largest and the smallest radius: where the tails end, and that none is zero. */
  @Test
  void theRadiusIsBounded() {
    assertEquals(Math.sqrt(50 * Math.log(2)), BoxMuller.radius(0) * 0x1p-28, 1e-8);
    assertTrue(BoxMuller.radius(-1) > 0);
  }
}
