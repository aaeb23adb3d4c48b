package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Training.StepInput;
import io.github.tornadodiffusion.nn.training.Training.StepResult;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/** Which parameters learn from which of the two losses, and how much. */
class HybridLossTest {
  private static final int BATCH = 3;
  private static final int SIZE = 6;
  private static final List<String> LAST = List.of("conv_out.weight", "conv_out.bias");
  private static final UNet2DConfig TWICE = config(6);
  private static final SequencedMap<String, HostTensor> PARAMETERS =
      Initialisation.pytorchDefault(new UNet2DModel(TWICE).parameters().specs(), 1);

  private static UNet2DConfig config(int outChannels) {
    return UNet2DConfig.builder()
        .sampleSize(UNet2DConfig.SampleSize.square(SIZE))
        .inChannels(3)
        .outChannels(outChannels)
        .blockOutChannels(List.of(8, 12))
        .downBlockTypes(List.of("DownBlock2D", "DownBlock2D"))
        .upBlockTypes(List.of("UpBlock2D", "UpBlock2D"))
        .layersPerBlock(1)
        .normNumGroups(4)
        .build();
  }

  private static float[] all(float value) {
    float[] values = new float[BATCH];
    Arrays.fill(values, value);
    return values;
  }

  private static StepInput input(Denoising.Variance variance, float lossWeight) {
    float[] images = new float[BATCH * 3 * SIZE * SIZE];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) Math.sin(i * i);
    }
    Denoising.Batch batch =
        new Denoising.Batch(
            images,
            new float[] {0, 3, 700},
            null,
            new float[] {0.99f, 0.9f, 0.3f},
            new float[] {0.14f, 0.43f, 0.95f},
            all(1),
            all(0),
            null,
            all(lossWeight),
            variance);
    return new StepInput(
        batch.values(), new Counter(5, 0, 0), new OptimizerStep(new AdamW(1e-3f), 1, 0, 0));
  }

  /** The likelihood of the image, and two divergences. */
  private static Denoising.Variance variance(float weight) {
    return new Denoising.Variance(
        new float[] {0.9f, 0.7f, 0.02f},
        new float[] {0.8f, 0.6f, 0.1f},
        new float[] {0.5f, 0, 0},
        all(weight));
  }

  private record Step(StepResult result, Map<String, HostTensor> moments) {
    static Step of(UNet2DConfig config, Map<String, HostTensor> parameters, StepInput input) {
      try (Training training =
          UNets.training(
              TestEngine.ENGINE, config, parameters, new UNets.Options(BATCH, SIZE, SIZE, false))) {
        return new Step(training.step(input), training.optimizerState(AdamW.FIRST_MOMENTS));
      }
    }

    /** A gradient: the first moment is (1 - beta1) times it. */
    float[] gradient(String name) {
      float[] values = moments.get(name).values().clone();
      for (int i = 0; i < values.length; i++) {
        values[i] /= 0.1f;
      }
      return values;
    }
  }

  private static float[] firstHalf(float[] values) {
    return Arrays.copyOf(values, values.length / 2);
  }

  private static float[] secondHalf(float[] values) {
    return Arrays.copyOfRange(values, values.length / 2, values.length);
  }

  /** With the bound without weight, the first half is a model of its own. */
  @Test
  void theFirstHalfLearnsFromTheMeanSquaredError() {
    SequencedMap<String, HostTensor> half = new LinkedHashMap<>(PARAMETERS);
    for (String name : LAST) {
      HostTensor both = PARAMETERS.get(name);
      int[] shape = both.shape().clone();
      shape[0] = 3;
      half.put(name, new HostTensor(shape, firstHalf(both.values())));
    }
    Step alone = Step.of(config(3), half, input(null, 1));
    Step hybrid = Step.of(TWICE, PARAMETERS, input(variance(0), 1));
    assertNull(alone.result.losses().get(Denoising.BOUND));
    assertArrayEquals(alone.result.lossPerImage(), hybrid.result.lossPerImage(), 1e-5f);
    for (String name : half.keySet()) {
      float[] expected = alone.gradient(name);
      float[] actual = hybrid.gradient(name);
      if (LAST.contains(name)) {
        assertArrayEquals(new float[expected.length], secondHalf(actual), name);
        actual = firstHalf(actual);
      }
      Errors.check(name, actual, expected, 1e-4 * Errors.magnitude(expected) + 1e-7);
    }
  }

  /** Along the gradient of the last layer's second half, the bound rises as that says. */
  @Test
  void theSecondHalfLearnsFromTheBound() {
    Step step = Step.of(TWICE, PARAMETERS, input(variance(2), 0));
    double squares = 0;
    for (String name : LAST) {
      float[] gradient = step.gradient(name);
      assertArrayEquals(new float[gradient.length / 2], firstHalf(gradient), name);
      for (float value : gradient) {
        squares += (double) value * value;
      }
    }
    assertTrue(step.gradient("conv_in.weight")[0] != 0, "the layers before learn from it too");
    double[] bounds = new double[2];
    double length = 0.02 / Math.sqrt(squares);
    for (int side = 0; side < 2; side++) {
      SequencedMap<String, HostTensor> moved = new LinkedHashMap<>(PARAMETERS);
      for (String name : LAST) {
        float[] values = PARAMETERS.get(name).values().clone();
        float[] gradient = step.gradient(name);
        for (int i = 0; i < values.length; i++) {
          values[i] += (float) ((2 * side - 1) * length * gradient[i]);
        }
        moved.put(name, new HostTensor(PARAMETERS.get(name).shape(), values));
      }
      for (float term :
          Step.of(TWICE, moved, input(variance(2), 0)).result.losses().get(Denoising.BOUND)) {
        bounds[side] += 2.0 * term / BATCH;
      }
    }
    double slope = (bounds[1] - bounds[0]) / (2 * length);
    assertEquals(squares, slope, 0.01 * squares);
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThrows(IllegalArgumentException.class, () -> Step.of(TWICE, PARAMETERS, input(null, 1)));
    Denoising.Variance tooShort = new Denoising.Variance(all(1), all(1), new float[1], all(1));
    assertThrows(
        IllegalArgumentException.class, () -> Step.of(TWICE, PARAMETERS, input(tooShort, 1)));
    SequencedMap<String, HostTensor> plain =
        Initialisation.pytorchDefault(new UNet2DModel(config(3)).parameters().specs(), 1);
    assertThrows(
        IllegalArgumentException.class, () -> Step.of(config(3), plain, input(variance(1), 1)));
    assertThrows(IllegalArgumentException.class, () -> Step.of(config(5), plain, input(null, 1)));
  }
}
