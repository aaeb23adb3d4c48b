package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Options;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Sampling;
import io.github.tornadodiffusion.nn.layers.SelfAttention;
import io.github.tornadodiffusion.nn.operations.ResampleOperation;
import java.util.ArrayList;
import java.util.List;

/**
 * diffusers' SkipDownBlock2D and AttnSkipDownBlock2D, of NCSN++ (Song et al. 2021): resnets, each
 * optionally followed by an attention, then a filtered downsampling to which the model's input is
 * added, filtered down as well.
 */
final class SkipDownBlock2D implements UNetBlock {
  /** diffusers' divisor of the blocks' residual sums. */
  static final double OUTPUT_SCALE_FACTOR = Math.sqrt(2);

  /** Groups of the attentions' normalisations. */
  static final int ATTENTION_GROUPS = 32;

  /** Channels of the images that bypass the blocks. */
  static final int IMAGE_CHANNELS = 3;

  private final Scope scope;
  private final List<SelfAttention> attentions = new ArrayList<>();
  private final List<ResnetBlock2D> resnets = new ArrayList<>();
  private final ResnetBlock2D resnetDown;
  private final Conv2d skipConv;

  /**
   * @param headDim channels of an attention head, null for a block without attention
   * @param downsamples whether the block halves height and width
   * @param common options of all blocks; groups and divisor are this block's own
   */
  SkipDownBlock2D(
      Scope scope,
      int layers,
      int cin,
      int cout,
      Integer headDim,
      boolean downsamples,
      Options common) {
    this.scope = scope;
    Options options = common.withOutputScaleFactor(OUTPUT_SCALE_FACTOR);
    for (int i = 0; i < layers && headDim != null; i++) {
      attentions.add(attention(scope.child("attentions." + i), cout, headDim, options));
    }
    int groups = groups(cout);
    for (int i = 0; i < layers; i++) {
      int channels = i == 0 ? cin : cout;
      resnets.add(
          new ResnetBlock2D(
              scope.child("resnets." + i),
              channels,
              cout,
              options.withGroups(groups(channels), groups)));
    }
    Options down = options.withGroups(groups, groups).with(Sampling.FILTERED_DOWN);
    resnetDown =
        downsamples ? new ResnetBlock2D(scope.child("resnet_down"), cout, cout, down) : null;
    skipConv =
        downsamples
            ? Conv2d.conv(scope.child("skip_conv"), IMAGE_CHANNELS, cout, 1, 1, Padding.NONE, true)
            : null;
  }

  static SelfAttention attention(Scope scope, int channels, int headDim, Options options) {
    return new SelfAttention(
        scope, channels, headDim, ATTENTION_GROUPS, options.epsilon(), options.outputScaleFactor());
  }

  /** Groups of a normalisation for a number of channels. */
  static int groups(int channels) {
    return Math.min(channels / 4, 32);
  }

  @Override
  public Tensor apply(Graph graph, Tensor x, Conditions conditions, Skips skips) {
    Tensor hidden = x;
    for (int i = 0; i < resnets.size(); i++) {
      hidden = resnets.get(i).apply(graph, hidden, conditions.temb());
      if (!attentions.isEmpty()) {
        hidden = attentions.get(i).apply(graph, hidden);
      }
      skips.push(hidden);
    }
    if (resnetDown != null) {
      hidden = resnetDown.apply(graph, hidden, conditions.temb());
      String label = scope.child("downsamplers.0").path();
      skips.image(ResampleOperation.filteredHalf(graph, label, skips.image(), Padding.NONE));
      hidden = skipConv.apply(graph, skips.image(), null, hidden);
      skips.push(hidden);
    }
    return hidden;
  }
}
