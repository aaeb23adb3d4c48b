package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models with dropout, embeddings of logarithms, and labels that are embedded as timesteps. */
class ModelKindsTrainingTest {
  private static final Digits DIGITS = new Digits(8, 1);
  private static final UNet2DConfig PLAIN = TinyUNet.config(8, 1, 8, 16);

  private static TrainingConfig config(UNet2DConfig unet, int batch, int accumulate, Rng rng) {
    return TrainingConfigs.with(
        TrainingConfigs.of(unet, batch, 4, BetaSchedule.LINEAR, 3),
        new TrainingVariant(
            accumulate,
            LossWeight.UNIFORM,
            0,
            0,
            VarianceType.FIXED_SMALL,
            rng,
            TimestepDensity.UNIFORM,
            null));
  }

  private static Map<String, HostTensor> train(TrainingConfig config, int threads) {
    try (JvmEngine engine = new JvmEngine(threads);
        Trainer trainer = new Trainer(engine, config, DIGITS)) {
      trainer.run(row -> assertTrue(Double.isFinite(row.loss())));
      return trainer.parameters();
    }
  }

  @ParameterizedTest
  @EnumSource(Rng.class)
  void theMasksOfDropoutDependOnNoThread(Rng rng) {
    UNet2DConfig drops = PLAIN.toBuilder().dropout(0.2).build();
    Map<String, HostTensor> parameters = train(config(drops, 3, 2, rng), 1);
    assertEquals(parameters, train(config(drops, 3, 2, rng), 3));
    assertNotEquals(parameters, train(config(PLAIN, 3, 2, rng), 1));
  }

  @ParameterizedTest
  @EnumSource(Rng.class)
  void logarithmsAreOfTimestepsFromOne(Rng rng) {
    UNet2DConfig fourier = PLAIN.toBuilder().timeEmbeddingType("fourier").build();
    TrainingConfig config = config(fourier, 40, 1, rng);
    TrainingDraws draws = TrainingDraws.of(config, List.of(DIGITS));
    draws.initialParameters();
    int least = Integer.MAX_VALUE;
    int most = 0;
    for (int step = 0; step < 40; step++) {
      int[] timesteps = draws.draw(step, 0).timesteps();
      least = Math.min(least, Arrays.stream(timesteps).min().getAsInt());
      most = Math.max(most, Arrays.stream(timesteps).max().getAsInt());
    }
    assertTrue(least >= 1 && least < 10 && most > 990 && most < 1000, least + " to " + most);
    train(config, 2);
  }

  @Test
  void labelsAreEmbeddedAsTimesteps() {
    UNet2DConfig labelled = PLAIN.toBuilder().classEmbedType("timestep").build();
    TrainingConfig config = config(labelled, 5, 1, Rng.PHILOX);
    TrainingDraws.Draw draw = TrainingDraws.of(config, List.of(DIGITS)).draw(0, 0);
    assertArrayEquals(draw.batch().labels(), draw.labels());
    Map<String, HostTensor> before = TrainingDraws.of(config, List.of(DIGITS)).initialParameters();
    String name = "class_embedding.linear_1.weight";
    assertNotEquals(before.get(name), train(config, 2).get(name));
  }
}
