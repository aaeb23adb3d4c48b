package io.github.tornadodiffusion.nn.graph;

/** A node of the graph. */
public interface Operation {
  /** The path of the layer, for profiles. */
  String label();

  /** The value that it computes. */
  Tensor out();

  /** Adds the calls that compute {@link #out}. */
  void forward(Schedule schedule);

  /**
   * Adds the calls that pass {@code gradOut} on to the inputs and parameters that need a gradient.
   *
   * @param gradOut the complete gradient of {@link #out}, without border, which nothing reads
   *     afterwards: it may be destroyed or given away
   */
  void backward(Schedule schedule, Tensor gradOut, Gradients gradients);
}
