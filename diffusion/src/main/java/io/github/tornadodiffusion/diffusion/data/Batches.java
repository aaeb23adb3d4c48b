package io.github.tornadodiffusion.diffusion.data;

import io.github.tornadodiffusion.nn.random.SplitMix64;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * A data set's images in shuffled batches of one size, with random access by step: a run that
 * resumes at a step sees what an uninterrupted one would have seen.
 *
 * <p>The images of all epochs form one endless sequence; step s takes the positions s * batch .. (s
 * + 1) * batch - 1 of it. So every batch is full, as a static program needs it: the last batch of
 * an epoch is filled up from the next. The order within an epoch depends on (seed, epoch) alone and
 * an image's flip on (seed, epoch, index) alone, whatever the batch size.
 */
public final class Batches {
  private static final long ORDER_STREAM = 1;
  private static final long FLIP_STREAM = 2;

  private final Dataset dataset;
  private final int batchSize;
  private final boolean randomFlip;
  private final long seed;
  private long cachedEpoch = -1;
  private int[] cachedOrder;

  /**
   * One batch.
   *
   * @param images batch * channels * imageSize * imageSize values in [-1, 1], NCHW
   * @param labels the class of each image, -1 if the data set has none
   * @param indices the index of each image in the data set
   */
  public record Batch(float[] images, int[] labels, int[] indices) {
    /** The images of several batches, one behind the other. */
    public static Batch of(List<Batch> parts) {
      if (parts.size() == 1) {
        return parts.getFirst();
      }
      int length = parts.stream().mapToInt(part -> part.images.length).sum();
      FloatBuffer images = FloatBuffer.allocate(length);
      parts.forEach(part -> images.put(part.images));
      return new Batch(
          images.array(),
          parts.stream().flatMapToInt(part -> Arrays.stream(part.labels)).toArray(),
          parts.stream().flatMapToInt(part -> Arrays.stream(part.indices)).toArray());
    }
  }

  /**
   * Batches of a data set.
   *
   * @param batchSize images per batch, at least 1; it may exceed the data set's size
   * @param randomFlip whether half of the images, drawn again in every epoch, are mirrored left to
   *     right
   * @param seed of the order and of the flips
   */
  public Batches(Dataset dataset, int batchSize, boolean randomFlip, long seed) {
    if (batchSize < 1) {
      throw new IllegalArgumentException(
          "batch size " + batchSize + " is out of range: choose 1 or more");
    }
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.randomFlip = randomFlip;
    this.seed = seed;
  }

  /** The epoch, counted from 0, of the first image of a step. */
  public long epoch(long step) {
    return step * batchSize / dataset.size();
  }

  /**
   * The batch of a step: the same for every call.
   *
   * @param step counted from 0
   */
  public Batch batch(long step) {
    int[] indices = new int[batchSize];
    boolean[] mirrored = new boolean[batchSize];
    for (int i = 0; i < batchSize; i++) {
      long position = Math.addExact(Math.multiplyExact(step, (long) batchSize), i);
      long epoch = position / dataset.size();
      indices[i] = order(epoch)[(int) (position % dataset.size())];
      mirrored[i] = flipped(epoch, indices[i]);
    }
    return gather(dataset, indices, mirrored);
  }

  /**
   * A batch of the given images.
   *
   * @param mirrored which of them are mirrored left to right
   */
  public static Batch gather(Dataset dataset, int[] indices, boolean[] mirrored) {
    int size = dataset.imageSize();
    int values = dataset.channels() * size * size;
    float[] images = new float[Math.multiplyExact(indices.length, values)];
    int[] labels = new int[indices.length];
    for (int i = 0; i < indices.length; i++) {
      float[] image = mirrored[i] ? dataset.mirrored(indices[i]) : dataset.image(indices[i]);
      System.arraycopy(image, 0, images, i * values, values);
      labels[i] = dataset.label(indices[i]);
    }
    return new Batch(images, labels, indices);
  }

  /** Whether an image is mirrored in an epoch. */
  boolean flipped(long epoch, int index) {
    return randomFlip && new SplitMix64(seed, FLIP_STREAM, epoch, index).chance(0.5);
  }

  /** The epoch's permutation of 0 .. size - 1: Fisher and Yates' shuffle. */
  private synchronized int[] order(long epoch) {
    if (epoch != cachedEpoch) {
      int[] order = new int[dataset.size()];
      SplitMix64 random = new SplitMix64(seed, ORDER_STREAM, epoch);
      for (int i = 0; i < order.length; i++) {
        int j = random.nextInt(i + 1);
        order[i] = order[j];
        order[j] = i;
      }
      cachedOrder = order;
      cachedEpoch = epoch;
    }
    return cachedOrder;
  }
}
