package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.training.LossCurve;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LossBarsTest {
  private static List<LossCurve.Row> rows(double... losses) {
    List<LossCurve.Row> rows = new ArrayList<>();
    for (double loss : losses) {
      rows.add(
          new LossCurve.Row(
              rows.size() + 1, 1, loss, List.of(loss, loss, loss, loss), 1, 1, 1, Double.NaN));
    }
    return rows;
  }

  @Test
  void fromTheLeastToTheLargest() {
    assertEquals("█▅▁", LossBars.of(rows(1, 0.5, 0), 10));
    assertEquals("▁▁", LossBars.of(rows(0.5, 0.5), 10));
    assertEquals("", LossBars.of(rows(0.5), 10));
    assertEquals("", LossBars.of(rows(), 10));
  }

  /** Of many steps each bar is a mean, and those long ago are left out. */
  @Test
  void theLastStepsFitTheWidth() {
    double[] losses = new double[1000];
    for (int i = 0; i < losses.length; i++) {
      losses[i] = i < 900 ? 5 : i < 950 ? 2 : 1;
    }
    assertEquals("█████▁▁▁▁▁", LossBars.of(rows(losses), 10));
    assertEquals("█▁", LossBars.of(rows(3, 1, 1, 1), 2));
  }
}
