package io.github.tornadodiffusion.diffusion.schedulers.noise;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From timesteps to levels of noise and back. */
class SigmasTest {
  private static final double[] LEVELS = {0.1, 1, 10};

  @ParameterizedTest
  @CsvSource({"-1, 0.1", "0, 0.1", "0.5, 0.55", "1, 1", "1.25, 3.25", "2, 10", "2.5, 10", "7, 10"})
  void betweenTimestepsLevelsAreLinear(double timestep, double level) {
    assertEquals(level, Sigmas.at(LEVELS, timestep), 1e-12);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0.05, 0", "0.1, 0", "1, 1", "10, 2", "99, 2"})
  void aLevelsTimestepIsWhereItLies(double level, double timestep) {
    assertEquals(timestep, Sigmas.timestep(LEVELS, level), 1e-12);
  }

  @Test
  void betweenLevelsTimestepsAreLinearInTheLogarithm() {
    assertEquals(0.5, Sigmas.timestep(LEVELS, Math.pow(10, -0.5)), 1e-12);
    assertEquals(1.25, Sigmas.timestep(LEVELS, Math.pow(10, 0.25)), 1e-12);
  }

  @Test
  void aSingleLevelAndEqualOnesHaveATimestep() {
    assertEquals(0, Sigmas.timestep(new double[] {3}, 5));
    assertEquals(0, Sigmas.timestep(new double[] {2, 2}, 2));
  }
}
