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

  final Conditions conditions;

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
    conditions = new Conditions(model.config(), batch);
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
    return model.record(graph, sample, conditions);
  }
}
