package io.github.tornadodiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.random.SplitMix64;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {
  /** 2x2 images of 2 channels whose values tell index, channel and place apart. */
  private record Numbered(int size) implements Dataset {
    @Override
    public String name() {
      return "numbered";
    }

    @Override
    public int channels() {
      return 2;
    }

    @Override
    public int imageSize() {
      return 2;
    }

    @Override
    public float[] image(int index) {
      float[] image = new float[8];
      for (int i = 0; i < image.length; i++) {
        image[i] = index + i / 8f;
      }
      return image;
    }

    @Override
    public int label(int index) {
      return index % 3;
    }

    @Override
    public int classes() {
      return 3;
    }

    @Override
    public String hash() {
      return "";
    }
  }

  /** The indices of the first epochs, in the order the batches present them. */
  private static int[] sequence(Batches batches, int length) {
    int[] indices = new int[0];
    for (long step = 0; indices.length < length; step++) {
      int[] more = batches.batch(step).indices();
      int before = indices.length;
      indices = Arrays.copyOf(indices, before + more.length);
      System.arraycopy(more, 0, indices, before, more.length);
    }
    return Arrays.copyOf(indices, length);
  }

  @Test
  void everyEpochIsAPermutation() {
    int[] sequence = sequence(new Batches(new Numbered(37), 8, false, 5), 37 * 4);
    int[] all = IntStream.range(0, 37).toArray();
    for (int epoch = 0; epoch < 4; epoch++) {
      int[] order = Arrays.copyOfRange(sequence, epoch * 37, (epoch + 1) * 37);
      assertFalse(Arrays.equals(all, order), "not shuffled");
      assertArrayEquals(all, IntStream.of(order).sorted().toArray(), "epoch " + epoch);
    }
    assertFalse(
        Arrays.equals(Arrays.copyOf(sequence, 37), Arrays.copyOfRange(sequence, 37, 74)),
        "two epochs have the same order");
  }

  @Test
  void orderDependsOnTheSeedAndNotOnTheBatchSize() {
    Dataset data = new Numbered(37);
    int[] order = sequence(new Batches(data, 8, false, 5), 111);
    assertArrayEquals(order, sequence(new Batches(data, 5, true, 5), 111));
    assertArrayEquals(order, sequence(new Batches(data, 100, false, 5), 111));
    assertFalse(Arrays.equals(order, sequence(new Batches(data, 8, false, 6), 111)));
  }

  @Test
  void orderIsTheSameWithEveryJdk() {
    int[] order = sequence(new Batches(new Numbered(10), 10, false, 42), 10);
    assertArrayEquals(new int[] {7, 3, 5, 9, 2, 6, 1, 4, 0, 8}, order);
  }

  @Test
  void aBatchIsAPureFunctionOfItsStep() {
    Batches batches = new Batches(new Numbered(10), 4, true, 1);
    Batches.Batch[] forward =
        IntStream.range(0, 20).mapToObj(batches::batch).toArray(Batches.Batch[]::new);
    Batches again = new Batches(new Numbered(10), 4, true, 1);
    for (int step = 19; step >= 0; step--) {
      Batches.Batch batch = again.batch(step);
      assertArrayEquals(forward[step].indices(), batch.indices());
      assertArrayEquals(forward[step].labels(), batch.labels());
      assertArrayEquals(forward[step].images(), batch.images());
    }
  }

  @Test
  void imagesAndLabelsBelongToTheirIndices() {
    Dataset data = new Numbered(10);
    Batches.Batch batch = new Batches(data, 25, false, 3).batch(1);
    for (int i = 0; i < 25; i++) {
      int index = batch.indices()[i];
      assertEquals(data.label(index), batch.labels()[i]);
      assertArrayEquals(
          data.image(index), Arrays.copyOfRange(batch.images(), i * 8, i * 8 + 8), "place " + i);
    }
  }

  @Test
  void flipsMirrorAboutHalfOfTheImagesAnewEveryEpoch() {
    Dataset data = new Numbered(200);
    Batches batches = new Batches(data, 200, true, 9);
    boolean[][] flipped = new boolean[2][200];
    for (int epoch = 0; epoch < 2; epoch++) {
      Batches.Batch batch = batches.batch(epoch);
      for (int i = 0; i < 200; i++) {
        int index = batch.indices()[i];
        float[] plain = data.image(index);
        float[] image = Arrays.copyOfRange(batch.images(), i * 8, i * 8 + 8);
        flipped[epoch][index] = !Arrays.equals(plain, image);
        if (flipped[epoch][index]) {
          float[] mirrored = {
            plain[1], plain[0], plain[3], plain[2], plain[5], plain[4], plain[7], plain[6]
          };
          assertArrayEquals(mirrored, image);
        }
      }
      int epochNow = epoch;
      long count = IntStream.range(0, 200).filter(i -> flipped[epochNow][i]).count();
      assertTrue(count > 70 && count < 130, count + " of 200 flipped");
    }
    assertFalse(Arrays.equals(flipped[0], flipped[1]));
  }

  @Test
  void countsEpochs() {
    Batches batches = new Batches(new Numbered(10), 4, false, 0);
    assertEquals(0, batches.epoch(2));
    assertEquals(1, batches.epoch(3));
    assertEquals(0, new Batches(new Numbered(10), 25, false, 0).epoch(0));
    assertEquals(2, new Batches(new Numbered(10), 25, false, 0).epoch(1));
  }

  @Test
  void refusesAnEmptyBatch() {
    assertThrows(IllegalArgumentException.class, () -> new Batches(new Numbered(3), 0, false, 0));
  }

  @Test
  void boundedIntegersAreUniform() {
    SplitMix64 random = new SplitMix64(3, 1);
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      counts[random.nextInt(7)]++;
    }
    for (int count : counts) {
      // Five standard deviations of a binomial count.
      assertEquals(10_000, count, 5 * Math.sqrt(70_000 * (1 / 7.0) * (6 / 7.0)));
    }
  }
}
