package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.ArrayList;
import java.util.List;

/** What goes past the blocks of a UNet. */
public final class Skips {
  private final List<Tensor> hidden;
  private Tensor image;

  /** With the hidden states that earlier blocks have left, oldest first. */
  public Skips(Tensor... hidden) {
    this.hidden = new ArrayList<>(List.of(hidden));
  }

  /** Leaves a hidden state for an up block. */
  void push(Tensor state) {
    hidden.add(state);
  }

  /** Takes the hidden state that was left last. */
  Tensor pop() {
    return hidden.removeLast();
  }

  /**
   * Beside down blocks the model's input at the resolution of the last skip block, beside up blocks
   * the sum of what skip blocks have made of their states so far; null for none.
   */
  Tensor image() {
    return image;
  }

  void image(Tensor newImage) {
    image = newImage;
  }
}
