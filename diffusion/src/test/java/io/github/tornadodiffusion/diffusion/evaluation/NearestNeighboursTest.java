package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class NearestNeighboursTest {
  private static final ValueImages TRAINING =
      new ValueImages(new float[][] {{0, 0, 0, 0}, {1, 1, 1, 1}, {1, 1, 1, 1}}, 2);

  @Test
  void findsTheFirstNearest() {
    float[][] images = {{0.5f, 0, 0, 0.5f}, {1, 0.8f, 1, 1}, {1, 1, 1, 1}};
    NearestNeighbours found = NearestNeighbours.of(images, TRAINING);
    assertArrayEquals(new int[] {0, 1, 1}, found.indices());
    assertArrayEquals(
        new double[] {Math.sqrt(0.5 / 4), Math.sqrt(0.04 / 4), 0}, found.distances(), 1e-7);
  }

  @Test
  void copiesAreNear() {
    ValueImages training = ValueImages.normal(200, 4, 0.3, 1);
    NearestNeighbours heldOut = NearestNeighbours.of(ValueImages.normal(100, 4, 0.3, 2), training);
    float[][] copies = new float[100][];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = i < 25 ? training.image(i) : ValueImages.normal(1, 4, 0.3, 50 + i).image(0);
    }
    NearestNeighbours.Summary copied =
        NearestNeighbours.compare(NearestNeighbours.of(copies, training), heldOut);
    assertEquals(0.25, copied.nearShare(), 0.03);
    NearestNeighbours.Summary fresh =
        NearestNeighbours.compare(
            NearestNeighbours.of(ValueImages.normal(100, 4, 0.3, 3), training), heldOut);
    assertEquals(0.01, fresh.nearShare(), 0.03);
    assertEquals(fresh.heldOutMedian(), fresh.generatedMedian(), 0.02);
    assertEquals(fresh.heldOutMedian(), copied.heldOutMedian());
  }

  /** R: quantile(c(3, 1, 2), c(0.01, 0.5)) is 1.02 and 2. */
  @Test
  void percentiles() {
    NearestNeighbours three = new NearestNeighbours(new double[] {3, 1, 2}, new int[3]);
    NearestNeighbours.Summary summary = NearestNeighbours.compare(three, three);
    assertEquals(new NearestNeighbours.Summary(2, 2, 1.02, 1 / 3.0), summary);
  }

  @Test
  void refusesAnotherSize() {
    assertThrows(
        IllegalArgumentException.class, () -> NearestNeighbours.of(new float[][] {{1}}, TRAINING));
  }
}
