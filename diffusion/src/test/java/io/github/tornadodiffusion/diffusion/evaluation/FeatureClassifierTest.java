package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.HeldOut;
import io.github.tornadodiffusion.diffusion.data.Subset;
import io.github.tornadodiffusion.diffusion.data.butterflies.Butterflies;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureClassifierTest {
  private static final JvmEngine ENGINE = new JvmEngine(2);
  private static final HeldOut DIGITS = HeldOut.split(new Digits(8, 1), 0.2, 1);
  private static final FeatureClassifier.Listener SILENT = (step, loss) -> {};

  @AfterAll
  static void close() {
    ENGINE.close();
  }

  private static FeatureClassifier trained(int steps) throws IOException {
    return trained(steps, null, SILENT);
  }

  private static FeatureClassifier trained(
      int steps, Path kept, FeatureClassifier.Listener listener) throws IOException {
    FeatureClassifier.Recipe recipe = new FeatureClassifier.Recipe(steps, 64, 3e-3);
    return FeatureClassifier.train(ENGINE, DIGITS.training(), recipe, 1, kept, listener);
  }

  /** Stopped twice, done, and done again from what is kept: the same one, no step twice. */
  @Test
  void whatWasStoppedGoesOn(@TempDir Path directory) throws IOException {
    Path kept = directory.resolve("unit").resolve("classifier.safetensors");
    List<Integer> steps = new ArrayList<>();
    for (int stop : new int[] {2, 5}) {
      assertThrows(
          CancellationException.class,
          () ->
              trained(
                  6,
                  kept,
                  (step, loss) -> {
                    steps.add(step);
                    if (step == stop) {
                      throw new CancellationException();
                    }
                  }));
    }
    try (FeatureClassifier whole = trained(6)) {
      for (int i = 0; i < 2; i++) {
        try (FeatureClassifier again = trained(6, kept, (step, loss) -> steps.add(step))) {
          assertEquals(whole.parameters(), again.parameters());
        }
      }
    }
    assertEquals(List.of(1, 2, 3, 4, 5, 6), steps);
    Safetensors.write(kept, new LinkedHashMap<>(), Map.of());
    Exception e = assertThrows(IOException.class, () -> trained(6, kept, SILENT));
    assertTrue(e.getMessage().startsWith(kept + " is not the state of this classifier: remove it"));
  }

  /** Digits that it has never seen, and distances that tell kinds of digits apart. */
  @Test
  void tellsDigits() throws IOException {
    try (FeatureClassifier classifier = trained(300)) {
      double accuracy = classifier.accuracy(DIGITS.heldOut());
      assertTrue(accuracy > 0.95, "accuracy " + accuracy);
      Dataset held = DIGITS.heldOut();
      double[][] features = classifier.features(held);
      double[][] training = classifier.features(DIGITS.training());
      double[][] fours =
          classifier.features(
              new Subset(
                  held,
                  IntStream.range(0, held.size()).filter(i -> held.label(i) == 4).toArray(),
                  "fours"));
      double same = FrechetDistance.between(features, training);
      assertTrue(same < 0.2 * FrechetDistance.between(fours, training), "distance " + same);
      KernelDistance kernel = KernelDistance.between(features, training, 20, 30, 1);
      KernelDistance other = KernelDistance.between(fours, training, 20, 30, 1);
      assertTrue(kernel.mean() < 0.2 * other.mean(), kernel + " < " + other);
    }
  }

  @Test
  void isTheSameForTheSameSeed() throws IOException {
    try (FeatureClassifier a = trained(5);
        FeatureClassifier b = trained(5)) {
      assertEquals(a.parameters(), b.parameters());
      float[] images = new float[70 * 64];
      for (int i = 0; i < 70; i++) {
        System.arraycopy(DIGITS.heldOut().image(i), 0, images, i * 64, 64);
      }
      double[][] features = a.features(images);
      assertEquals(70, features.length);
      assertArrayEquals(features[69], a.features(DIGITS.heldOut())[69]);
      assertArrayEquals(features[67], a.features(Arrays.copyOfRange(images, 67 * 64, 68 * 64))[0]);
      assertEquals(70, a.classes(images).length);
    }
  }

  @Test
  void refusesWhatDoesNotFit() throws IOException {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            FeatureClassifier.train(
                ENGINE,
                new Butterflies(10, 8, 3, 1),
                FeatureClassifier.Recipe.DEFAULT,
                1,
                null,
                SILENT));
    try (FeatureClassifier classifier = trained(1)) {
      assertThrows(IllegalArgumentException.class, () -> classifier.features(new float[65]));
      assertThrows(IllegalArgumentException.class, () -> classifier.accuracy(new Digits(16, 1)));
    }
  }
}
