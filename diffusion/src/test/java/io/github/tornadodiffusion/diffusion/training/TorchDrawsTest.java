package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.diffusion.FirstImages;
import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.util.Arrays;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/**
 * Against the draws of this loop in PyTorch 1.13, where item i of the data draws {@code
 * torch.rand(1) < 0.5} for its flip:
 *
 * <pre>
 * torch.manual_seed(5)
 * for epoch in range(2):
 *   for batch in DataLoader(data, batch_size=4, shuffle=True):
 *     noise = torch.randn(len(batch), 1, 2, 2)
 *     timesteps = torch.randint(0, 1000, (len(batch),))
 * </pre>
 */
class TorchDrawsTest {
  private static final Dataset TEN = new FirstImages(new Digits(2, 1), 10);

  private static final int[][] INDICES = {
    {8, 3, 0, 5}, {9, 1, 6, 2}, {4, 7}, {5, 6, 9, 8}, {4, 0, 2, 3}, {7, 1}
  };
  private static final int[][] FLIPS = {
    {0, 1, 1, 0}, {1, 1, 1, 1}, {1, 1}, {0, 0, 1, 1}, {1, 1, 1, 1}, {1, 0}
  };
  private static final int[][] TIMESTEPS = {
    {684, 117, 691, 329},
    {416, 80, 932, 142},
    {102, 606},
    {373, 650, 781, 691},
    {112, 160, 234, 556},
    {734, 579}
  };
  private static final float[][] NOISE = {
    {0.258252f, -1.284222f},
    {-0.261668f, -1.697733f},
    {0.859851f, 0.87129f},
    {-0.815645f, 0.651877f},
    {1.090464f, -1.128677f},
    {0.643026f, -0.003111f}
  };

  private static TorchDraws draws(int accumulate, double labelDropout, boolean flip) {
    UNet2DConfig unet = TinyUNet.config(2, 1, 8, 16);
    if (labelDropout > 0) {
      unet = unet.toBuilder().numClassEmbeds(11).build();
    }
    TrainingConfig config =
        new TrainingConfig(
            "test",
            "digits",
            unet,
            4,
            6,
            flip,
            1000,
            BetaSchedule.LINEAR,
            PredictionType.EPSILON,
            Optimization.constant(1e-3),
            5,
            new TrainingVariant(
                accumulate,
                LossWeight.UNIFORM,
                labelDropout,
                0,
                VarianceType.FIXED_SMALL,
                Rng.TORCH,
                TimestepDensity.UNIFORM,
                null));
    return new TorchDraws(config, TEN);
  }

  private static void assertBatch(int number, TrainingDraws.Draw draw) {
    int count = INDICES[number].length;
    assertEquals(count, draw.images());
    assertArrayEquals(INDICES[number], Arrays.copyOf(draw.batch().indices(), count));
    assertArrayEquals(TIMESTEPS[number], Arrays.copyOf(draw.timesteps(), count));
    float[] noise = draw.noise();
    assertEquals(16, noise.length);
    assertEquals(NOISE[number][0], noise[0], 2e-6);
    assertEquals(NOISE[number][1], noise[4 * count - 1], 2e-6);
    for (int i = 0; i < count; i++) {
      float[] image = TEN.image(INDICES[number][i]);
      if (FLIPS[number][i] == 1) {
        image = new float[] {image[1], image[0], image[3], image[2]};
      }
      assertArrayEquals(image, Arrays.copyOfRange(draw.batch().images(), 4 * i, 4 * i + 4));
    }
  }

  @Test
  void drawsWhatATrainingLoopDraws() {
    TorchDraws draws = draws(1, 0, true);
    for (int step = 0; step < 6; step++) {
      assertEquals(1, draws.parts(step));
      assertEquals(step / 3, draws.epoch(step));
      assertBatch(step, draws.draw(step, 0));
    }
  }

  @Test
  void anUpdateStaysWithinItsEpoch() {
    TorchDraws draws = draws(2, 0, true);
    int batch = 0;
    for (int step = 0; step < 4; step++) {
      assertEquals(step % 2 == 0 ? 2 : 1, draws.parts(step));
      for (int part = 0; part < draws.parts(step); part++) {
        assertBatch(batch++, draws.draw(step, part));
      }
    }
  }

  @Test
  void skippingIsDrawing() {
    TorchDraws draws = draws(2, 0, true);
    draws.skipTo(3);
    assertBatch(5, draws.draw(3, 0));
    assertThrows(IllegalStateException.class, () -> draws.draw(1, 0));
  }

  @Test
  void theModelComesFirst() {
    TorchDraws draws = draws(1, 0, true);
    SequencedMap<String, HostTensor> parameters = draws.initialParameters();
    assertEquals(parameters, draws(1, 0, false).initialParameters());
    // The order of the data comes from what is left of the generator's numbers.
    assertFalse(Arrays.equals(INDICES[0], draws.draw(0, 0).batch().indices()));
  }

  @Test
  void labelsAreDroppedLast() {
    TorchDraws draws = draws(1, 0.5, true);
    int dropped = 0;
    for (int step = 0; step < 40; step++) {
      TrainingDraws.Draw draw = draws.draw(step, 0);
      if (step == 0) {
        assertBatch(0, draw);
      }
      for (int i = 0; i < draw.images(); i++) {
        int label = TEN.label(draw.batch().indices()[i]);
        if (draw.labels()[i] == 10) {
          dropped++;
        } else {
          assertEquals(label, draw.labels()[i]);
        }
      }
    }
    // 134 images: a tenth of a per mille lies beyond
    assertEquals(67, dropped, 23);
  }
}
