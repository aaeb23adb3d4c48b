package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The forward pass of a UNet for one batch shape, with the buffers that lead into it. */
public final class UNetGraph {
  public final UNet2DModel model;
  public final int batch;
  final int height;
  final int width;
  public final Buffer weights;
  public final Graph graph;

  public final Conditions conditions;

  public UNetGraph(UNet2DModel model, int batch, int height, int width) {
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
  public Block sampleShape() {
    return Tensor.shape(batch, height, width, model.config().inChannels(), model.samplePadding());
  }

  /** The shape of a batch of model inputs without border. */
  public Block plainSampleShape() {
    return sampleShape().bordered(0, 0, 0, 0);
  }

  /** The shape of a batch of model outputs. */
  public Block outputShape() {
    return Block.of(0, batch, height, width, model.config().outChannels());
  }

  /** Records the model on the graph. */
  public Tensor record(Tensor sample) {
    return model.record(graph, sample, conditions);
  }
}
