package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.HostLength;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Timesteps and classes of a batch in the arena, and how they get there. */
public final class Conditions {
  private final UNet2DConfig config;
  final int batch;

  /** {@code [n]}; their logarithms where the embedding is of Fourier features. */
  final Buffer timesteps;

  /** {@code [n]}, 1 / timestep; null where the output is not divided by the timestep. */
  final Buffer inverseTimesteps;

  /** {@code [n]}, as {@link #timesteps}; null where the model has no labels. */
  final Buffer labels;

  /** {@code [n, 1, 1, timeEmbedDim]}; null where classes are not given as vectors. */
  final Tensor classVectors;

  public Conditions(UNet2DConfig config, int batch) {
    this.config = config;
    this.batch = batch;
    timesteps = Buffer.persistent("timesteps", batch);
    inverseTimesteps = config.fourier() ? Buffer.persistent("1 / timesteps", batch) : null;
    boolean vectors = config.classVectorLength() > 0;
    labels = config.conditioned() && !vectors ? Buffer.persistent("labels", batch) : null;
    classVectors =
        vectors
            ? Tensor.persistent(
                "class vectors",
                Tensor.shape(batch, 1, 1, config.classVectorLength(), Padding.NONE),
                false)
            : null;
  }

  /** Everything that {@link #write} writes. */
  public List<Buffer> buffers() {
    List<Buffer> buffers = new ArrayList<>(List.of(timesteps));
    if (inverseTimesteps != null) {
      buffers.add(inverseTimesteps);
    }
    if (labels != null) {
      buffers.add(labels);
    }
    if (classVectors != null) {
      buffers.add(classVectors.buffer());
    }
    return buffers;
  }

  /**
   * Checks the numbers and brings them to the device.
   *
   * @param times {@code [n]}
   * @param classes {@code [n]} or {@code [n, timeEmbedDim]}, or null for a model without classes
   * @throws IllegalArgumentException if the model cannot take them
   */
  public void write(LoadedProgram loaded, float[] times, float[] classes) {
    HostLength.check("timesteps", times.length, batch);
    if ((classes != null) != config.conditioned()) {
      throw new IllegalArgumentException(
          config.conditioned()
              ? "The model is conditioned on classes: give a class label for every image"
              : "The model has no classes: give no class labels");
    }
    float[] embeddedTimes = numbers("timestep", times);
    if (classVectors != null) {
      loaded.writeImages(classVectors, "values of class vectors", classes);
    } else if (labels != null) {
      HostLength.check("class labels", classes.length, batch);
      loaded.write(labels, labels(classes));
    }
    loaded.write(timesteps, embeddedTimes);
    if (inverseTimesteps != null) {
      float[] inverse = new float[batch];
      for (int i = 0; i < batch; i++) {
        inverse[i] = 1 / times[i];
      }
      loaded.write(inverseTimesteps, inverse);
    }
  }

  private float[] labels(float[] classes) {
    if (config.classEmbedType() != null) {
      return numbers("class label", classes);
    }
    for (float label : classes) {
      checkRow("class", label, config.numClassEmbeds());
    }
    return classes;
  }

  /** Numbers as the time embedding takes them. */
  private float[] numbers(String what, float[] numbers) {
    if (config.fourier()) {
      float[] logarithms = new float[batch];
      for (int i = 0; i < batch; i++) {
        if (!(numbers[i] > 0)) {
          throw new IllegalArgumentException(
              "The model embeds logarithms (time_embedding_type fourier) and cannot take the %s %s:"
                      .formatted(what, numbers[i])
                  + " use numbers above 0");
        }
        logarithms[i] = (float) StrictMath.log(numbers[i]);
      }
      return logarithms;
    }
    if (config.timeEmbeddingType().equals("learned")) {
      for (float number : numbers) {
        checkRow(what, number, config.numTrainTimesteps());
      }
    }
    return numbers;
  }

  private static void checkRow(String what, float number, int count) {
    if (!(number >= 0 && number < count && number == (int) number)) {
      throw new IllegalArgumentException(
          "The model has no %s %s: use 0 to %d"
              .formatted(
                  what,
                  number == (int) number ? (Object) (int) number : (Object) number,
                  count - 1));
    }
  }
}
