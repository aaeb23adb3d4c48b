package io.github.tornadodiffusion.nn.models.classifier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Initialisation;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ClassifierTest {
  private static final Engine ENGINE = TestEngine.ENGINE;
  private static final ClassifierConfig ODD = new ClassifierConfig(3, 9, 7, 5, 8, 11);
  private static final int[] LABELS = {4, 0, 2};

  private static SequencedMap<String, HostTensor> parameters(ClassifierConfig config) {
    return Initialisation.pytorchDefault(new Classifier(config).parameters().specs(), 5);
  }

  private static OptimizerStep rate(double learningRate) {
    return new OptimizerStep(new AdamW((float) learningRate, 0.9f, 0.999f, 1e-8f, 0), 1);
  }

  private static Inference inference(
      ClassifierConfig config, Map<String, HostTensor> parameters, int batch) {
    return Inference.record(new Classifier(config), BatchShape.of(batch)).open(ENGINE, parameters);
  }

  private static Training training(
      Engine engine, ClassifierConfig config, Map<String, HostTensor> parameters, int batch) {
    return Training.record(
            Objective.crossEntropy(new Classifier(config), Classifier.LOGITS),
            BatchShape.of(batch),
            new Training.Options(new AdamW(1)))
        .open(engine, parameters);
  }

  private static float[] step(
      Training training, float[] images, int[] labels, OptimizerStep update) {
    Map<String, float[]> values = Map.of(Classifier.IMAGES, images, "labels", Input.floats(labels));
    return training.step(new Training.StepInput(values, null, update)).lossPerImage();
  }

  private static float[] normals(SplittableRandom random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double loss(Map<String, HostTensor> parameters, float[] images) {
    try (Inference inference = inference(ODD, parameters, LABELS.length)) {
      inference.predict(Map.of(Classifier.IMAGES, images));
      float[] logits = inference.images(Classifier.LOGITS);
      double loss = 0;
      for (int i = 0; i < LABELS.length; i++) {
        double sum = 0;
        for (int k = 0; k < ODD.classes(); k++) {
          sum += Math.exp(logits[i * ODD.classes() + k]);
        }
        loss += Math.log(sum) - logits[i * ODD.classes() + LABELS[i]];
      }
      return loss / LABELS.length;
    }
  }

  /** Along random directions, against differences of the loss that the logits have. */
  @Test
  void gradientsAreDifferencesOfTheLoss() {
    SplittableRandom random = new SplittableRandom(3);
    float[] images = normals(random, LABELS.length * 3 * 9 * 7);
    Map<String, HostTensor> parameters = parameters(ODD);
    Map<String, HostTensor> gradients;
    try (Training training = training(ENGINE, ODD, parameters, LABELS.length)) {
      float[] losses = step(training, images, LABELS, rate(1e-3));
      double mean = (losses[0] + losses[1] + losses[2]) / 3;
      assertEquals(loss(parameters, images), mean, 1e-5);
      gradients = training.gradients();
    }
    for (int direction = 0; direction < 3; direction++) {
      double expected = 0;
      double squares = 0;
      Map<String, HostTensor> up = new LinkedHashMap<>();
      Map<String, HostTensor> down = new LinkedHashMap<>();
      for (Map.Entry<String, HostTensor> entry : parameters.entrySet()) {
        HostTensor parameter = entry.getValue();
        float[] gradient = gradients.get(entry.getKey()).values();
        float[] along = normals(random, parameter.size());
        float[] above = parameter.values().clone();
        float[] below = parameter.values().clone();
        for (int i = 0; i < along.length; i++) {
          expected += (double) along[i] * gradient[i];
          squares += (double) gradient[i] * gradient[i];
          above[i] += 1e-3f * along[i];
          below[i] -= 1e-3f * along[i];
        }
        up.put(entry.getKey(), new HostTensor(parameter.shape(), above));
        down.put(entry.getKey(), new HostTensor(parameter.shape(), below));
      }
      double difference = (loss(up, images) - loss(down, images)) / 2e-3;
      assertEquals(expected, difference, 5e-3 * Math.sqrt(squares));
    }
  }

  /** Images of one class are dark, those of the other bright, under noise. */
  @Test
  void learns() {
    ClassifierConfig config = new ClassifierConfig(1, 6, 6, 2, 8, 5);
    int batch = 8;
    SplittableRandom random = new SplittableRandom(4);
    double first = 0;
    double last = 0;
    try (Training training = training(ENGINE, config, parameters(config), batch)) {
      for (int step = 0; step < 60; step++) {
        float[] images = normals(random, batch * 36);
        int[] labels = new int[batch];
        for (int i = 0; i < batch; i++) {
          labels[i] = i % 2;
          for (int j = 0; j < 36; j++) {
            // Light from the left or from the right.
            images[i * 36 + j] += labels[i] == (j % 6 < 3 ? 1 : 0) ? 1 : -1;
          }
        }
        float[] losses = step(training, images, labels, rate(1e-2));
        for (float loss : losses) {
          first += step < 5 ? loss / 40 : 0;
          last += step >= 55 ? loss / 40 : 0;
        }
      }
    }
    assertTrue(last < 0.2 * first, first + " to " + last);
  }

  /** What is said of an image does not depend on the images beside it. */
  @Test
  void imagesAreClassifiedByThemselves() {
    SplittableRandom random = new SplittableRandom(5);
    int length = 3 * 9 * 7;
    float[] images = normals(random, 3 * length);
    try (Inference three = inference(ODD, parameters(ODD), 3);
        Inference one = inference(ODD, parameters(ODD), 1)) {
      three.predict(Map.of(Classifier.IMAGES, images));
      float[] features = three.images(Classifier.FEATURES);
      float[] logits = three.images(Classifier.LOGITS);
      assertEquals(3 * ODD.features(), features.length);
      for (int i = 0; i < 3; i++) {
        float[] image = Arrays.copyOfRange(images, i * length, (i + 1) * length);
        one.predict(Map.of(Classifier.IMAGES, image));
        assertArrayEquals(
            Arrays.copyOfRange(logits, i * 5, (i + 1) * 5), one.images(Classifier.LOGITS), 1e-5f);
        assertArrayEquals(
            Arrays.copyOfRange(features, i * 11, (i + 1) * 11),
            one.images(Classifier.FEATURES),
            1e-5f);
      }
    }
  }

  @Test
  void isTheSameWithAnyNumberOfThreads() {
    float[] images = normals(new SplittableRandom(6), LABELS.length * 3 * 9 * 7);
    try (Engine other = TestEngine.another(3);
        Training a = training(ENGINE, ODD, parameters(ODD), LABELS.length);
        Training b = training(other, ODD, parameters(ODD), LABELS.length)) {
      for (int step = 0; step < 3; step++) {
        assertArrayEquals(step(a, images, LABELS, rate(1e-2)), step(b, images, LABELS, rate(1e-2)));
      }
      assertEquals(a.parameters(), b.parameters());
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    float[] images = new float[LABELS.length * 3 * 9 * 7];
    try (Training training = training(ENGINE, ODD, parameters(ODD), LABELS.length)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> step(training, images, new int[] {0, 5, 1}, rate(1)));
      assertThrows(
          IllegalArgumentException.class, () -> step(training, images, new int[2], rate(1)));
      assertThrows(
          IllegalArgumentException.class, () -> step(training, new float[3], LABELS, rate(1)));
    }
    assertThrows(IllegalArgumentException.class, () -> new ClassifierConfig(1, 8, 8, 1, 8, 8));
    assertThrows(IllegalArgumentException.class, () -> new ClassifierConfig(1, 0, 8, 2, 8, 8));
  }
}
