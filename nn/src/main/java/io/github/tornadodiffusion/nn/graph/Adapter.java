package io.github.tornadodiffusion.nn.graph;

/** Changes the output of a layer of a model that knows nothing of it: see {@link Graph#adapt}. */
@FunctionalInterface
public interface Adapter {
  /**
   * Records the change.
   *
   * @param x what the layer reads
   * @param out what it writes
   * @return what the model reads instead, of the same shape
   */
  Tensor record(Graph graph, Tensor x, Tensor out);
}
