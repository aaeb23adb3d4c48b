package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/**
 * The nearest training image of every image, by the root of the mean squared difference of their
 * values. A model that has memorised images makes some that are nearer to the training images than
 * unseen images of the same kind are.
 *
 * @param distances one per image, in the unit of the values, whose range is [-1, 1]
 * @param indices the nearest training image of each; the first one of several at the same distance
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
public record NearestNeighbours(double[] distances, int[] indices) {
  /** The percentile of held-out distances below which an image counts as near. */
  public static final double NEAR_PERCENTILE = 1;

  /**
   * Generated images compared with held-out ones.
   *
   * @param generatedMedian median distance of generated images to the training images
   * @param heldOutMedian the same of held-out images
   * @param nearDistance percentile {@link #NEAR_PERCENTILE} of the held-out distances
   * @param nearShare the share of generated images that are nearer than this; about {@link
   *     #NEAR_PERCENTILE} hundredths for a model that makes new images
   */
  public record Summary(
      double generatedMedian, double heldOutMedian, double nearDistance, double nearShare) {}

  /**
   * Searches all training images.
   *
   * @param images of one shape
   * @throws IllegalArgumentException if the shapes of images and training images differ
   */
  public static NearestNeighbours of(float[][] images, Dataset training) {
    float[][] candidates = images(training);
    double[] distances = new double[images.length];
    int[] indices = new int[images.length];
    IntStream.range(0, images.length)
        .parallel()
        .forEach(i -> {
          if (images[i].length != candidates[0].length) {
            throw new IllegalArgumentException(
                "images of %d values cannot be compared with training images of %d: use one size"
                    .formatted(images[i].length, candidates[0].length));
          }
          double least = Double.POSITIVE_INFINITY;
          for (int j = 0; j < candidates.length; j++) {
            double squared = squaredDistance(images[i], candidates[j], least);
            if (squared < least) {
              least = squared;
              indices[i] = j;
            }
          }
          distances[i] = Math.sqrt(least / images[i].length);
        });
    return new NearestNeighbours(distances, indices);
  }

  /** The neighbours of a data set's images, for instance held-out ones. */
  public static NearestNeighbours of(Dataset images, Dataset training) {
    return of(images(images), training);
  }

  /** Compares the distances of generated images with those of held-out ones. */
  public static Summary compare(NearestNeighbours generated, NearestNeighbours heldOut) {
    double near = percentile(heldOut.distances, NEAR_PERCENTILE);
    int nearer = 0;
    for (double distance : generated.distances) {
      nearer += distance < near ? 1 : 0;
    }
    return new Summary(
        percentile(generated.distances, 50),
        percentile(heldOut.distances, 50),
        near,
        (double) nearer / generated.distances.length);
  }

  private static double percentile(double[] values, double percentile) {
    // R's default, which never lies beyond the smallest and the largest value.
    return new Percentile()
        .withEstimationType(Percentile.EstimationType.R_7)
        .evaluate(values, percentile);
  }

  private static float[][] images(Dataset dataset) {
    float[][] images = new float[dataset.size()][];
    for (int i = 0; i < images.length; i++) {
      images[i] = dataset.image(i);
    }
    return images;
  }

  /** The squared distance; not exact once it is beyond a limit. */
  private static double squaredDistance(float[] a, float[] b, double limit) {
    double sum = 0;
    for (int i = 0; i < a.length && sum < limit; i++) {
      double difference = a[i] - b[i];
      sum += difference * difference;
    }
    return sum;
  }
}
