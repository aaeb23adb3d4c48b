package io.github.tornadodiffusion.experiments.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PowerLawTest {
  @Test
  void anExactLawIsFound() {
    double[] x = {1, 2, 4, 8};
    PowerLaw law = PowerLaw.fit(x, Arrays.stream(x).map(v -> 3 * Math.pow(v, 1.5)).toArray());
    assertEquals(1.5, law.exponent(), 1e-12);
    assertEquals(3, law.factor(), 1e-12);
    assertEquals(1, law.rSquared(), 1e-12);
    assertEquals(1.5, law.exponentInterval().low(), 1e-6);
    assertEquals(1.5, law.exponentInterval().high(), 1e-6);
  }

  /**
   * R: {@code m <- lm(log(dist) ~ log(speed), cars); coef(m); confint(m); summary(m)$r.squared}.
   */
  @Test
  void stoppingDistancesOfCars() {
    double[] speed = {
      4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15,
      15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24,
      24, 25
    };
    double[] distance = {
      2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20,
      26, 54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92,
      93, 120, 85
    };
    PowerLaw law = PowerLaw.fit(speed, distance);
    assertEquals(1.6024, law.exponent(), 5e-5);
    assertEquals(Math.exp(-0.7297), law.factor(), 5e-5);
    assertEquals(0.7331, law.rSquared(), 5e-5);
    // 1.6024 with the standard error 0.1395 and t(0.975, 48) = 2.0106.
    assertEquals(1.6024 - 2.0106 * 0.1395, law.exponentInterval().low(), 2e-4);
    assertEquals(1.6024 + 2.0106 * 0.1395, law.exponentInterval().high(), 2e-4);
  }

  @Test
  void twoPointsHaveNoInterval() {
    PowerLaw law = PowerLaw.fit(new double[] {1, 10}, new double[] {5, 500});
    assertEquals(2, law.exponent(), 1e-12);
    assertFalse(law.exponentInterval().defined());
  }

  @Test
  void whatCannotBeFittedIsRefused() {
    double[] two = {1, 2};
    assertThrows(IllegalArgumentException.class, () -> PowerLaw.fit(two, new double[] {0, 1}));
    assertThrows(IllegalArgumentException.class, () -> PowerLaw.fit(two, new double[] {1}));
    assertThrows(IllegalArgumentException.class, () -> PowerLaw.fit(new double[] {3, 3}, two));
    assertThrows(
        IllegalArgumentException.class, () -> PowerLaw.fit(two, new double[] {1, Double.NaN}));
  }

  /**
   * By hand: log y is 0, 1 and 3 at log x = 0, 1 and 2. The slope is 3 / 2, the squared residuals
   * sum to 1 / 6, so that its standard error is sqrt(1 / 12); t(0.975, 1) = 12.7062.
   */
  @Test
  void threePointsHaveAnInterval() {
    PowerLaw law =
        PowerLaw.fit(new double[] {1, Math.E, Math.exp(2)}, new double[] {1, Math.E, Math.exp(3)});
    assertEquals(1.5, law.exponent(), 1e-12);
    assertEquals(1.5 - 12.7062 * Math.sqrt(1 / 12.0), law.exponentInterval().low(), 1e-4);
    assertEquals(1.5 + 12.7062 * Math.sqrt(1 / 12.0), law.exponentInterval().high(), 1e-4);
  }
}
