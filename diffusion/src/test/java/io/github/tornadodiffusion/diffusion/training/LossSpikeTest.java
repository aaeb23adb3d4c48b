package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LossSpikeTest {
  private static final List<Double> NONE = List.of(Double.NaN, Double.NaN, Double.NaN, Double.NaN);

  private final LossCurve curve = new LossCurve();

  private LossSpike add(double loss) {
    curve.add(new LossCurve.Row(curve.rows().size() + 1, 1, loss, NONE, 1, 1e-3, 1));
    return LossSpike.last(curve);
  }

  @Test
  void ordinaryNoiseIsNone() {
    Random random = new Random(1);
    for (int i = 0; i < 5000; i++) {
      double decay = 0.05 + Math.exp(-i / 50.0);
      assertNull(add(decay * Math.exp(0.3 * random.nextGaussian())), "step " + i);
    }
  }

  @Test
  void aSpikeIsFoundOnceAndDoesNotHideTheNext() {
    for (int i = 0; i < 30; i++) {
      assertNull(add(0.125 + (i % 5) / 1024.0));
    }
    LossSpike spike = add(1);
    assertEquals(new LossSpike(31, 1, 0.125 + 2 / 1024.0), spike);
    assertNull(add(0.1));
    assertEquals(33, add(0.9).step());
  }

  /** Of a loss that stands still every change is far; only one that counts is told. */
  @Test
  void smallChangesOfAStillLossAreNone() {
    for (int i = 0; i < 30; i++) {
      assertNull(add(0.1));
    }
    assertNull(add(0.15));
    assertEquals(32, add(0.25).step());
  }

  @Test
  void theFirstStepsTellNothing() {
    for (int i = 0; i < 20; i++) {
      assertNull(add(i == 10 ? 100 : 1));
    }
  }
}
