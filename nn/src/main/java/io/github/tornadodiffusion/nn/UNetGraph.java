package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Block;

/** The forward pass of a UNet for one batch shape, with the buffers that lead into it. */
final class UNetGraph {
  final UNet2DModel model;
  final int batch;
  final int height;
  final int width;
  final Buffer weights;
  final Graph graph;

  /** {@code [n]}. */
  final Buffer timesteps;

  /** {@code [n]}, or null for a model without classes. */
  final Buffer labels;

  UNetGraph(UNet2DModel model, int batch, int height, int width) {
    if (batch < 1) {
      throw new IllegalArgumentException("The batch size is " + batch + "; use at least 1");
    }
    this.model = model;
    this.batch = batch;
    this.height = height;
    this.width = width;
    weights = Buffer.persistent("parameters", model.arenaParameters().floats());
    graph = new Graph(weights);
    timesteps = Buffer.persistent("timesteps", batch);
    labels = model.needsLabels() ? Buffer.persistent("labels", batch) : null;
  }

  /** The shape of a batch of model inputs, with the border that the first convolution wants. */
  Block sampleShape() {
    return Tensor.shape(batch, height, width, model.config().inChannels(), model.samplePadding());
  }

  /** The shape of a batch of model inputs without border. */
  Block plainSampleShape() {
    return sampleShape().bordered(0, 0, 0, 0);
  }

  /** The shape of a batch of model outputs. */
  Block outputShape() {
    return Block.of(0, batch, height, width, model.config().outChannels());
  }

  /** Records the model on the graph. */
  Tensor record(Tensor sample) {
    return model.record(graph, sample, timesteps, labels);
  }

  /**
   * The labels as the kernels read them.
   *
   * @throws IllegalArgumentException if there are labels where none belong or the reverse, or if
   *     the model does not know one
   */
  float[] labelValues(int[] given) {
    if ((given != null) != (labels != null)) {
      throw new IllegalArgumentException(
          labels == null
              ? "The model has no classes: give no class labels"
              : "The model is conditioned on classes: give a class label for every image");
    }
    if (given == null) {
      return null;
    }
    HostLength.check("class labels", given.length, batch);
    boolean fromTable = model.config().classEmbedType() == null;
    int classes = fromTable ? model.config().numClassEmbeds() : Integer.MAX_VALUE;
    float[] values = new float[batch];
    for (int i = 0; i < batch; i++) {
      if (given[i] < 0 || given[i] >= classes) {
        throw new IllegalArgumentException(
            "The model has no class %d: use 0 to %d".formatted(given[i], classes - 1));
      }
      values[i] = given[i];
    }
    return values;
  }
}
