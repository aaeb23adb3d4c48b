package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The skip connections of a UNet. */
public final class Skips {
  private final List<Tensor> hidden;
  private Tensor image;

  /** Starts with the hidden states of earlier blocks, oldest first. */
  public Skips(Tensor... hidden) {
    this.hidden = new ArrayList<>(List.of(hidden));
  }

  /** Stores a hidden state for an up block. */
  void push(Tensor state) {
    hidden.add(state);
  }

  /** Takes the hidden state that was stored last. */
  Tensor pop() {
    return hidden.removeLast();
  }

  /** The hidden state that {@link #pop} takes next; null if there is none. */
  Tensor last() {
    return hidden.isEmpty() ? null : hidden.getLast();
  }

  /**
   * The image that bypasses the blocks: on the way down the model's input at the resolution of the
   * last skip block, on the way up the sum of the images that skip blocks made so far; null for
   * none.
   */
  Tensor image() {
    return image;
  }

  void image(Tensor newImage) {
    image = newImage;
  }
}
