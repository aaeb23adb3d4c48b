package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** A level of the UNet, on the way down or up. */
interface UNetBlock {
  /**
   * Records the block and returns its output.
   *
   * @param skips the skip connections: a down block adds to them, an up block takes from them
   */
  Tensor apply(Graph graph, Tensor x, Conditions conditions, Skips skips);
}
