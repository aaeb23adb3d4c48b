package io.github.tornadodiffusion.diffusion;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.JvmEngine;
import io.github.tornadodiffusion.nn.UNet2DConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LearningTest {
  @ParameterizedTest
  @CsvSource({
    "linear, 0", "linear, 1", "linear, 2",
    "squaredcos_cap_v2, 0", "squaredcos_cap_v2, 1", "squaredcos_cap_v2, 2"
  })
  void lossFalls(String schedule, long seed) {
    for (int[] ch : new int[][] {{16}, {16, 32}, {32, 32}}) {
      UNet2DConfig unet = TinyUNet.config(8, 1, ch);
      TrainingConfig config = TrainingConfigs.of(unet, 16, 400, BetaSchedule.of(schedule), seed);
      try (JvmEngine engine = new JvmEngine(2);
          Trainer trainer = new Trainer(engine, config, new Digits(8, 1))) {
        long t0 = System.nanoTime();
        trainer.run(row -> {
          if (row.step() % 50 == 0) System.out.printf("%s %d %s step %d mean50 %.4f %.2f s%n", schedule, seed, java.util.Arrays.toString(ch), row.step(), trainer.curve().meanLoss(50), (System.nanoTime()-t0)*1e-9);
        });
      }
    }
  }
}
