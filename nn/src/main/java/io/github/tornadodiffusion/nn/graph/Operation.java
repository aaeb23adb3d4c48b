package io.github.tornadodiffusion.nn.graph;

import java.util.List;

/**
 * A node of the graph: usually a record of its tensors with a static method that checks their
 * shapes, makes the output and records it with {@link Graph#record}. Any class may be one.
 *
 * <p>An operation that computes one number per image, such as a loss, writes {@code [1, 1, 1, n]}.
 * What is differentiated is the mean of those numbers over the batch: the gradient that it receives
 * holds the weights of the images, and the operation divides by n.
 */
public interface Operation {
  /** The path of the layer, shown in profiles. */
  String label();

  /** The value that it computes. */
  Tensor out();

  /** All values that it computes, {@link #out} first. */
  default List<Tensor> outputs() {
    return List.of(out());
  }

  /** Adds the calls that compute the outputs. */
  void forward(Steps steps);

  /**
   * Adds the calls that pass {@code gradOut} on to the inputs and parameters that need a gradient.
   *
   * @param gradOut the complete gradient of {@link #out}, without border, which nothing else reads:
   *     it may be overwritten or passed on; null if only another output has a gradient, which
   *     {@link Gradients#take} returns
   */
  void backward(Steps steps, Tensor gradOut, Gradients gradients);
}
