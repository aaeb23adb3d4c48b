package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training of some parameters of a UNet, while the others are frozen. */
class PartialTrainingTest {
  private static final int SIZE = 8;
  private static final int BATCH = 2;
  private static final UNet2DModel MODEL =
      new UNet2DModel(
          UNet2DConfig.builder()
              .sampleSize(SIZE)
              .blockOutChannels(8, 12)
              .downBlockTypes("DownBlock2D", "AttnDownBlock2D")
              .upBlockTypes("AttnUpBlock2D", "UpBlock2D")
              .layersPerBlock(1)
              .normNumGroups(4)
              .attentionHeadDim(4)
              .numClassEmbeds(3)
              .build());
  private static final Map<String, HostTensor> PARAMETERS =
      Initialisation.pytorchDefault(MODEL.parameters().specs(), 1);

  private static RecordedProgram<Training> record(Trainable trainable) {
    return Training.record(
        new Denoising(MODEL, false),
        new BatchShape(BATCH, SIZE, SIZE),
        new Training.Options(new AdamW(1), trainable, true, false));
  }

  private static Training.StepInput input(int step) {
    float[] images = new float[BATCH * 3 * SIZE * SIZE];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) Math.sin(i * i);
    }
    float[] half = {0.5f, 0.7f};
    Denoising.Batch batch =
        new Denoising.Batch(
            images,
            new float[] {3, 700},
            new int[] {2, 0},
            half,
            half,
            half,
            half,
            null,
            null,
            null);
    OptimizerStep update = new OptimizerStep(new AdamW(1e-2f), step, 0, 0.9f);
    return new Training.StepInput(batch.values(), new Counter(5, step, 0), update);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "down_blocks.1.attentions.0.to_q.weight",
        "norm1.bias",
        ".to_v.",
        "class_embedding.weight",
        "time_embedding.linear_1",
        "conv_out",
        "conv_in",
        "bias"
      })
  void trainedOnesHaveTheGradientsOfAFullRunAndFrozenOnesStay(String part) {
    Predicate<String> trained = name -> name.contains(part);
    RecordedProgram<Training> whole = record(Trainable.ALL);
    RecordedProgram<Training> some = record(Trainable.named(trained));
    assertTrue(some.floats() < whole.floats(), some.floats() + " and " + whole.floats());
    try (Training all = whole.open(TestEngine.ENGINE, PARAMETERS);
        Training few = some.open(TestEngine.ENGINE, PARAMETERS)) {
      assertArrayEquals(all.step(input(1)).lossPerImage(), few.step(input(1)).lossPerImage());
      Map<String, HostTensor> expected = new LinkedHashMap<>(all.gradients());
      expected.keySet().removeIf(trained.negate());
      assertFalse(expected.isEmpty());
      assertEquals(expected, few.gradients());
      assertEquals(expected.keySet(), few.optimizerState(AdamW.SECOND_MOMENTS).keySet());
      few.step(input(2));
      Map<String, HostTensor> average = few.emaParameters();
      few.parameters()
          .forEach((name, value) -> {
            HostTensor before = PARAMETERS.get(name);
            if (trained.test(name)) {
              assertNotEquals(before, value, name);
            } else {
              assertEquals(before, value, name);
              assertEquals(before, average.get(name), name);
            }
          });
      few.setState(
          few.parameters(),
          Map.of(
              AdamW.FIRST_MOMENTS,
              few.optimizerState(AdamW.FIRST_MOMENTS),
              AdamW.SECOND_MOMENTS,
              few.optimizerState(AdamW.SECOND_MOMENTS)),
          average);
      assertEquals(average, few.emaParameters());
    }
  }

  /** Of the last layer's bias alone: no other layer is differentiated. */
  @Test
  void whatLeadsToFrozenParametersAloneIsNotRecorded() {
    Set<String> labels = new HashSet<>();
    record(Trainable.named("conv_out.bias"::equals))
        .steps()
        .forEach(step -> labels.add(step.label()));
    Set<String> backward = new HashSet<>(labels);
    backward.removeIf(label -> !label.endsWith(" gradient"));
    assertEquals(Set.of("loss gradient", "conv_out gradient"), backward);
    assertTrue(labels.contains("conv_in"), "the forward pass is whole");
  }

  @Test
  void nothingToTrainIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> record(Trainable.NONE));
  }

  @Test
  void gradientsOfSomeParameters() {
    BatchShape batch = new BatchShape(BATCH, SIZE, SIZE);
    Objective objective = Objective.meanSquaredError(MODEL, "sample");
    Map<String, float[]> values =
        Map.of(
            "sample",
            input(1).values().get("images"),
            "timesteps",
            new float[] {3, 700},
            "class_labels",
            new float[] {1, 2},
            "target",
            new float[BATCH * 3 * SIZE * SIZE]);
    Trainable some = Trainable.named(name -> name.startsWith("mid_block"));
    try (LossGradients all =
            LossGradients.record(objective, batch).open(TestEngine.ENGINE, PARAMETERS);
        LossGradients few =
            LossGradients.record(objective, batch, some, Set.of())
                .open(TestEngine.ENGINE, PARAMETERS)) {
      assertEquals(all.run(values), few.run(values));
      Map<String, HostTensor> expected = new LinkedHashMap<>(all.gradients());
      expected.keySet().removeIf(name -> !name.startsWith("mid_block"));
      assertEquals(expected, few.gradients());
    }
  }
}
