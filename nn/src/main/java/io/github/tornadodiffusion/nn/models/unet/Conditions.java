package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * What the blocks of a UNet read beside the image.
 *
 * @param temb time embedding, {@code [n, 1, 1, tembChannels]}; null for none
 * @param context hidden states of the text, {@code [n, 1, tokens, c]}; null for none
 * @param contextMask 1 for a token to attend to and 0 for another, {@code [1, 1, 1, n * tokens]};
 *     null to attend to all
 */
public record Conditions(Tensor temb, Tensor context, Tensor contextMask) {
  /** No conditions at all. */
  public static final Conditions NONE = of(null);

  /** Nothing but a time embedding. */
  public static Conditions of(Tensor temb) {
    return new Conditions(temb, null, null);
  }
}
