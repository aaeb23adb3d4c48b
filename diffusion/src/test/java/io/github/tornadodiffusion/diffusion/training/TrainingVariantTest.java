package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.FirstImages;
import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.training.Checkpoints.Checkpoint;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainingVariantTest {
  private static final Trainer.Listener SILENT = row -> {};
  private static final UNet2DConfig UNET = TinyUNet.config(8, 1, 8, 16);
  private static final Dataset DIGITS = new FirstImages(new Digits(8, 1), 10);
  private static final JvmEngine ENGINE = new JvmEngine(2);

  @TempDir private Path directory;

  @AfterAll
  static void close() {
    ENGINE.close();
  }

  private static TrainingConfig config(UNet2DConfig unet, int batch, TrainingVariant variant) {
    return TrainingConfigs.of(
            unet, batch, 4, BetaSchedule.LINEAR, PredictionType.EPSILON, 1e-3, 0.99, 7)
        .withModel(unet, variant);
  }

  private static TrainingVariant variant(int accumulate, double gamma, double dropout, Rng rng) {
    return new TrainingVariant(
        accumulate,
        MinSnr.of(gamma),
        dropout,
        0,
        VarianceType.FIXED_SMALL,
        rng,
        TimestepDensity.UNIFORM,
        null);
  }

  private static Trainer trained(TrainingConfig config, int steps) {
    Trainer trainer = new Trainer(ENGINE, config, DIGITS);
    trainer.runTo(steps, SILENT);
    return trainer;
  }

  @Test
  void accumulatedBatchesAreALargerOne() {
    TrainingVariant weighted = variant(1, 5, 0, Rng.PHILOX);
    try (Trainer whole = trained(config(UNET, 6, weighted), 2);
        Trainer parts = trained(config(UNET, 2, variant(3, 5, 0, Rng.PHILOX)), 2)) {
      for (int i = 0; i < 2; i++) {
        LossCurve.Row expected = whole.curve().rows().get(i);
        LossCurve.Row actual = parts.curve().rows().get(i);
        assertEquals(expected.loss(), actual.loss(), 1e-5 * expected.loss());
        assertEquals(expected.gradNorm(), actual.gradNorm(), 1e-4 * expected.gradNorm());
        assertEquals(expected.epoch(), actual.epoch());
      }
    }
  }

  /** Every kind of draw can be left and taken up. */
  @ParameterizedTest
  @EnumSource
  void goesOnAsIfItHadNeverStopped(Rng rng) throws IOException {
    UNet2DConfig unet = UNET.toBuilder().numClassEmbeds(11).build();
    TrainingConfig config = config(unet, 4, variant(2, 5, 0.3, rng));
    Map<String, HostTensor> straight;
    try (Trainer whole = trained(config, 4)) {
      straight = whole.parameters();
    }
    Checkpoint checkpoint;
    try (Trainer first = trained(config, 3)) {
      checkpoint = first.save(new Checkpoints(directory), 1);
    }
    try (Trainer second = Trainer.resume(ENGINE, config, DIGITS, checkpoint)) {
      second.run(SILENT);
      assertEquals(straight, second.parameters());
    }
  }

  @Test
  void modelsThatTrainingCannotServeAreRefused() {
    UNet2DConfig vectors = UNET.toBuilder().classEmbedType("identity").build();
    Exception classes =
        assertThrows(
            IllegalArgumentException.class, () -> config(vectors, 1, TrainingVariant.PLAIN));
    assertTrue(classes.getMessage().startsWith("class_embed_type is identity"));
    UNet2DConfig learned =
        UNET.toBuilder().timeEmbeddingType("learned").numTrainTimesteps(999).build();
    Exception timesteps =
        assertThrows(
            IllegalArgumentException.class, () -> config(learned, 1, TrainingVariant.PLAIN));
    assertTrue(timesteps.getMessage().endsWith("999: it must be at least the schedule's 1000"));
  }

  @Test
  void beginsWithAModel() {
    try (Trainer first = trained(config(UNET, 2, TrainingVariant.PLAIN), 2)) {
      DiffusionModel base =
          new DiffusionModel(
              new DDIMScheduler(
                  SchedulerConfig.of(500, BetaSchedule.SIGMOID, PredictionType.SAMPLE), true),
              UNET,
              first.parameters());
      TrainingVariant from =
          new TrainingVariant(
              1,
              LossWeight.UNIFORM,
              0,
              0,
              VarianceType.FIXED_SMALL,
              Rng.PHILOX,
              TimestepDensity.UNIFORM,
              base);
      TrainingConfig config = config(UNET, 2, from);
      try (Trainer second = new Trainer(ENGINE, config, DIGITS)) {
        assertEquals(base.parameters(), second.parameters());
        assertEquals(base.scheduler().config(), config.scheduler().config());
        assertEquals("DDPMScheduler", config.scheduler().className());
      }
      UNet2DConfig other = TinyUNet.config(8, 1, 8, 24);
      assertThrows(IllegalArgumentException.class, () -> config(other, 2, from));
      assertNotEquals(
          config(UNET, 2, from).toMap().get("base_model"),
          config(UNET, 2, TrainingVariant.PLAIN).toMap().get("base_model"));
    }
  }

  /** With nearly all labels dropped, the null class is what is trained. */
  @Test
  void droppedLabelsTrainTheNullClass() {
    UNet2DConfig unet = UNET.toBuilder().numClassEmbeds(11).build();
    TrainingConfig config = config(unet, 4, variant(1, 0, 0.999, Rng.PHILOX));
    float[] before;
    try (Trainer fresh = new Trainer(ENGINE, config, DIGITS)) {
      before = fresh.parameters().get("class_embedding.weight").values();
    }
    try (Trainer trainer = trained(config, 4)) {
      float[] after = trainer.parameters().get("class_embedding.weight").values();
      int features = before.length / 11;
      double moved = 0;
      for (int i = 10 * features; i < before.length; i++) {
        moved = Math.max(moved, Math.abs(after[i] - before[i]));
      }
      assertTrue(moved > 1e-4, "moved by " + moved);
      for (int i = 0; i < 10 * features; i++) {
        assertEquals(before[i], after[i], 1e-4 * Math.abs(before[i]) + 1e-7);
      }
    }
    TrainingConfig tooFew =
        config(UNET.toBuilder().numClassEmbeds(10).build(), 4, variant(1, 0, 0.1, Rng.PHILOX));
    assertThrows(IllegalArgumentException.class, () -> new Trainer(ENGINE, tooFew, DIGITS));
    assertThrows(
        IllegalArgumentException.class, () -> config(UNET, 4, variant(1, 0, 0.1, Rng.PHILOX)));
  }

  /** At the paper's gamma, timesteps below SNR 5 keep their weight and the others' falls. */
  @Test
  void minSnrWeights() {
    double[][] cases = {
      // alphasCumprod, weight for epsilon, v_prediction, sample at gamma 5
      {0.5, 1, 0.5, 1},
      {0.9, 5 / 9.0, 0.5, 5},
      {0.1, 1, 0.1, 1 / 9.0},
      {0, 1, 0, 0}
    };
    for (double[] row : cases) {
      double signal = Math.sqrt(row[0]);
      double sigma = Math.sqrt(1 - row[0]);
      double[] weights =
          Arrays.stream(
                  new PredictionType[] {
                    PredictionType.EPSILON, PredictionType.V_PREDICTION, PredictionType.SAMPLE
                  })
              .mapToDouble(type -> new MinSnr(5).at(type, signal, sigma))
              .toArray();
      assertArrayEquals(Arrays.copyOfRange(row, 1, 4), weights, 1e-12);
    }
    assertEquals(0, new MinSnr(5).at(PredictionType.EPSILON, 1, 0));
    assertEquals(5, new MinSnr(5).at(PredictionType.SAMPLE, 1, 0));
  }

  @Test
  void theAveragesWarmUpIsThatOfDiffusers() {
    TrainingConfig plain = config(UNET, 1, TrainingVariant.PLAIN);
    assertEquals(2.0 / 11, plain.emaDecays().at(2), 1e-15);
    TrainingConfig power =
        config(
            UNET,
            1,
            new TrainingVariant(
                1,
                LossWeight.UNIFORM,
                0,
                0.75,
                VarianceType.FIXED_SMALL,
                Rng.PHILOX,
                TimestepDensity.UNIFORM,
                null));
    assertEquals(1 - Math.pow(2, -0.75), power.emaDecays().at(2), 1e-15);
    assertEquals(0.99, power.emaDecays().at(100_000), 1e-15);
  }

  @Test
  void refusesWhatCannotBe() {
    assertThrows(IllegalArgumentException.class, () -> variant(0, 0, 0, Rng.PHILOX));
    assertThrows(IllegalArgumentException.class, () -> variant(1, -1, 0, Rng.PHILOX));
    assertThrows(IllegalArgumentException.class, () -> variant(1, 0, 1, Rng.PHILOX));
  }

  @Test
  void countsSteps() {
    TrainingConfig philox = config(UNET, 4, variant(2, 0, 0, Rng.PHILOX));
    assertEquals(2, philox.steps(DIGITS, 1));
    assertEquals(3, philox.steps(DIGITS, 2));
    assertEquals(4, config(UNET, 4, variant(2, 0, 0, Rng.TORCH)).steps(DIGITS, 2));
    assertEquals(5, config(UNET, 4, TrainingVariant.PLAIN).steps(DIGITS, 2));
  }
}
