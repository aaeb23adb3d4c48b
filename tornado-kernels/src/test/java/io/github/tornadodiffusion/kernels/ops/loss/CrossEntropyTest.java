package io.github.tornadodiffusion.kernels.ops.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrossEntropyTest {
  private final TestArena arena = new TestArena(9);

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10, 16, 17, 33, 100})
  void lossAndItsGradient(int classes) {
    int images = 5;
    Block shape = Block.of(0, images, 1, 1, classes);
    int[] chosen = {0, classes - 1, classes / 2, 0, classes / 3};
    float[] labels = new float[images];
    for (int n = 0; n < images; n++) {
      labels[n] = chosen[n];
    }
    float[] values = arena.randoms(images * classes);
    for (int i = 0; i < values.length; i++) {
      values[i] *= 5;
    }
    Block logits = arena.place(shape);
    arena.fill(logits, values);
    int labelsAt = arena.put(labels);
    int perImage = arena.reserve(images);
    Block gradient = arena.place(shape);
    double[] losses = new double[images];
    double[] gradients = new double[images * classes];
    for (int n = 0; n < images; n++) {
      double sum = 0;
      for (int k = 0; k < classes; k++) {
        sum += Math.exp(values[n * classes + k]);
      }
      losses[n] = Math.log(sum) - values[n * classes + chosen[n]];
      for (int k = 0; k < classes; k++) {
        double wanted = k == chosen[n] ? 1 : 0;
        gradients[n * classes + k] = (Math.exp(values[n * classes + k]) / sum - wanted) / images;
      }
    }
    arena.run(
        CrossEntropy.perImage(logits, labelsAt, perImage),
        CrossEntropy.backward(logits, labelsAt, gradient));
    float[] actual = arena.read(perImage, images);
    for (int n = 0; n < images; n++) {
      assertEquals(losses[n], actual[n], 2e-6 * (1 + losses[n]));
    }
    Naive.assertClose(gradients, arena.read(gradient), 1e-6);
  }

  /** The exponentials of these logits overflow, or all of them vanish. */
  @Test
  void largeLogits() {
    Block logits = arena.place(Block.of(0, 3, 1, 1, 3));
    arena.fill(logits, new float[] {1000, 0, -1000, -500, -500, -500, 90, 90, -90});
    int labels = arena.put(2, 0, 1);
    int perImage = arena.reserve(3);
    Block gradient = arena.place(logits);
    arena.run(
        CrossEntropy.perImage(logits, labels, perImage),
        CrossEntropy.backward(logits, labels, gradient));
    float[] losses = arena.read(perImage, 3);
    assertEquals(2000, losses[0], 1e-3);
    assertEquals(Math.log(3), losses[1], 1e-6);
    assertEquals(Math.log(2), losses[2], 1e-6);
    double third = 1 / 3.0;
    Naive.assertClose(
        new double[] {
          third,
          0,
          -third,
          third * (third - 1),
          third * third,
          third * third,
          third / 2,
          -third / 2,
          0
        },
        arena.read(gradient),
        1e-6);
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block logits = Block.of(0, 2, 1, 1, 5);
    assertThrows(
        IllegalArgumentException.class, () -> CrossEntropy.perImage(Block.of(0, 2, 2, 1, 5), 0, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> CrossEntropy.backward(logits, 0, Block.of(0, 2, 1, 1, 4)));
  }
}
