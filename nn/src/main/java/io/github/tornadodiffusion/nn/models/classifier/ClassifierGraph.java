package io.github.tornadodiffusion.nn.models.classifier;

import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The forward pass of a classifier for one batch size. */
final class ClassifierGraph {
  final Classifier model;
  final int batch;
  final Buffer weights;
  final Graph graph;
  final Tensor images;
  final Classifier.Outputs outputs;

  ClassifierGraph(ClassifierConfig config, int batch) {
    if (batch < 1) {
      throw new IllegalArgumentException("The batch size is " + batch + "; use at least 1");
    }
    this.batch = batch;
    model = new Classifier(config);
    weights = Buffer.persistent("parameters", model.arenaParameters().floats());
    graph = new Graph(weights);
    images =
        Tensor.persistent(
            "images",
            Tensor.shape(
                batch, config.height(), config.width(), config.channels(), model.imagePadding()),
            false);
    outputs = model.record(graph, images);
  }
}
