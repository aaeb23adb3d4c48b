package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.HeldOut;
import io.github.tornadodiffusion.diffusion.data.Subset;
import io.github.tornadodiffusion.diffusion.evaluation.FeatureClassifier;
import io.github.tornadodiffusion.diffusion.evaluation.FeatureClassifier.Listener;
import io.github.tornadodiffusion.diffusion.evaluation.FeatureClassifier.Recipe;
import io.github.tornadodiffusion.diffusion.evaluation.FrechetDistance;
import io.github.tornadodiffusion.diffusion.evaluation.KernelDistance;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.kernels.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Compares images with those of a data set that were held out, in the features of a classifier that
 * was trained on its other images. Its distances cannot be compared with those in other features,
 * such as published ones in Inception's.
 */
public final class FeatureSpace implements AutoCloseable {
  /** The text of a report if there is no classifier. */
  public static final String MISSING =
      "The data has no classes to train a classifier on, so there are no features to compare"
          + " samples in: the Fréchet and the kernel distance are left out.";

  /** The same classifier for every model, so that figures can be compared. */
  private static final long SEED = 0;

  /** Steps that are made to learn how long one takes. */
  private static final int MEASURED = 12;

  private static final String KEPT = "classifier.safetensors";

  private static final int SUBSETS = 50;
  private static final int SUBSET_SIZE = 100;

  private final FeatureClassifier classifier;
  private final HeldOut data;
  private final double accuracy;
  private final double[][] heldOut;

  /**
   * Distances to the held-out images.
   *
   * @param fid Frechet distance
   * @param kid kernel distance
   */
  public record Distances(double fid, KernelDistance kid) {
    /** Adds the values to a row. */
    public void putInto(Map<String, Object> row) {
      row.put("fid", fid);
      row.put("kid", kid.mean());
      row.put("kid_deviation", kid.deviation());
    }
  }

  private FeatureSpace(FeatureClassifier classifier, HeldOut data) {
    this.classifier = classifier;
    this.data = data;
    accuracy = classifier.accuracy(data.heldOut());
    heldOut = classifier.features(data.heldOut());
  }

  /**
   * Trains the classifier.
   *
   * @param data with classes
   * @param steps updates
   * @param sink of the unit that needs it first, where it is kept if that is stopped
   * @throws IOException in one line if what is kept cannot be read or written
   */
  public static FeatureSpace train(Engine engine, HeldOut data, int steps, Experiment.Sink sink)
      throws IOException {
    Path kept = sink.unfinished().map(directory -> directory.resolve(KEPT)).orElse(null);
    Listener listener = (step, loss) -> sink.progress(0, "classifier step " + step);
    return new FeatureSpace(train(engine, data.training(), steps, kept, listener), data);
  }

  /** The time of a step of its training, measured after the first ones. */
  static double stepSeconds(Engine engine, HeldOut data) throws IOException {
    long[] begun = new long[1];
    double[] seconds = new double[1];
    Listener listener =
        (step, loss) -> {
          long now = System.nanoTime();
          if (step > MEASURED / 2) {
            seconds[0] = (now - begun[0]) * 1e-9 / (step - MEASURED / 2);
          } else {
            begun[0] = now;
          }
        };
    train(engine, data.training(), MEASURED, null, listener).close();
    return seconds[0];
  }

  private static FeatureClassifier train(
      Engine engine, Dataset training, int steps, Path kept, Listener listener) throws IOException {
    Recipe usual = Recipe.DEFAULT;
    Recipe recipe = new Recipe(steps, usual.batch(), usual.learningRate());
    return FeatureClassifier.train(engine, training, recipe, SEED, kept, listener);
  }

  /** The distances of images to those that were held out; values as in {@link #clamped}. */
  public Distances distances(float[] images) {
    return distances(classifier.features(images));
  }

  /** Samples with their values limited to [-1, 1], as in a file of images. */
  public static float[] clamped(float[] images) {
    float[] clamped = images.clone();
    for (int i = 0; i < clamped.length; i++) {
      clamped[i] = Math.clamp(clamped[i], -1f, 1f);
    }
    return clamped;
  }

  private Distances distances(double[][] features) {
    int subset = Math.min(SUBSET_SIZE, Math.min(features.length, heldOut.length));
    return new Distances(
        FrechetDistance.between(features, heldOut),
        KernelDistance.between(features, heldOut, SUBSETS, subset, SEED));
  }

  /**
   * Adds the row that describes the features and the distance of real images: those of training
   * from those that were held out.
   *
   * @param count images of the comparison: as many as there will be samples, if there are enough
   */
  public void describe(Experiment.Sink sink, int count) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("classifier_seed", SEED);
    row.put("classifier_accuracy", accuracy);
    row.put("features", heldOut[0].length);
    int real = Math.min(count, data.training().size());
    row.put("real_images", real);
    int[] first = IntStream.range(0, real).toArray();
    distances(classifier.features(new Subset(data.training(), first, "first"))).putInto(row);
    sink.row("features", row);
  }

  @Override
  public void close() {
    classifier.close();
  }
}
