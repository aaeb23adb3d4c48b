package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Runs of one seed that differ in schedule or prediction share everything that is random. */
class PairedDrawsTest {
  private static final Dataset DIGITS = new Digits(8, 1);

  private static TrainingConfig config(
      BetaSchedule schedule, PredictionType prediction, VarianceType variance) {
    boolean learned = variance == VarianceType.LEARNED_RANGE;
    UNet2DConfig unet =
        UNet2DConfig.builder()
            .sampleSize(8)
            .inChannels(1)
            .outChannels(learned ? 2 : 1)
            .layersPerBlock(1)
            .blockOutChannels(8, 8)
            .downBlockTypes("DownBlock2D", "DownBlock2D")
            .upBlockTypes("UpBlock2D", "UpBlock2D")
            .normNumGroups(4)
            .build();
    return new TrainingConfig(
        "test",
        "digits",
        unet,
        4,
        3,
        true,
        100,
        schedule,
        prediction,
        Optimization.constant(1e-3).withMaxGradNorm(1),
        7,
        new TrainingVariant(
            1, LossWeight.UNIFORM, 0, 0, variance, Rng.PHILOX, TimestepDensity.UNIFORM, null));
  }

  private static void checkPaired(TrainingConfig a, TrainingConfig b, String except) {
    TrainingDraws first = TrainingDraws.of(a, List.of(DIGITS));
    TrainingDraws second = TrainingDraws.of(b, List.of(DIGITS));
    Map<String, HostTensor> parameters = second.initialParameters();
    first
        .initialParameters()
        .forEach((name, tensor) -> {
          if (!name.startsWith(except)) {
            assertArrayEquals(tensor.values(), parameters.get(name).values(), name);
          }
        });
    for (int step = 0; step < 3; step++) {
      TrainingDraws.Draw one = first.draw(step, 0);
      TrainingDraws.Draw two = second.draw(step, 0);
      assertArrayEquals(one.batch().images(), two.batch().images());
      assertArrayEquals(one.timesteps(), two.timesteps());
      assertNull(one.noise());
      assertEquals(one.counter(), two.counter());
    }
  }

  @Test
  void schedulesArePaired() {
    TrainingConfig linear =
        config(BetaSchedule.LINEAR, PredictionType.EPSILON, VarianceType.FIXED_SMALL);
    for (BetaSchedule schedule : BetaSchedule.values()) {
      checkPaired(
          linear, config(schedule, PredictionType.EPSILON, VarianceType.FIXED_SMALL), "none");
    }
  }

  @Test
  void predictionsArePairedButForTheOutputsOfTheVariance() {
    TrainingConfig noise =
        config(BetaSchedule.LINEAR, PredictionType.EPSILON, VarianceType.FIXED_SMALL);
    for (PredictionType prediction : PredictionType.PRESERVING) {
      checkPaired(noise, config(BetaSchedule.LINEAR, prediction, VarianceType.FIXED_SMALL), "none");
    }
    checkPaired(
        noise,
        config(BetaSchedule.LINEAR, PredictionType.EPSILON, VarianceType.LEARNED_RANGE),
        "conv_out.");
  }
}
