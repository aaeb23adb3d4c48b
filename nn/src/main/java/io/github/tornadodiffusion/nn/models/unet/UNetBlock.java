package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** A level of the UNet, on the way to its middle or from there. */
interface UNetBlock {
  /**
   * Records the block and returns its output.
   *
   * @param temb time embedding, {@code [n, 1, 1, tembChannels]}
   * @param skips what goes past the middle: a down block adds to it, an up block takes from it
   */
  Tensor apply(Graph graph, Tensor x, Tensor temb, Skips skips);
}
