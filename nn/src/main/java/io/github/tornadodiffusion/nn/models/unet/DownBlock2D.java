package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.Resampling;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.layers.SelfAttention;
import java.util.ArrayList;
import java.util.List;

/**
 * diffusers' DownBlock2D and AttnDownBlock2D: resnets, each optionally followed by an attention,
 * then a downsampling.
 */
public final class DownBlock2D implements UNetBlock {
  private final List<SelfAttention> attentions = new ArrayList<>();
  private final List<ResnetBlock2D> resnets = new ArrayList<>();
  private Conv2d downConv;
  private ResnetBlock2D downResnet;

  /** How a block ends. */
  public enum Downsampling {
    /** Keeps the resolution: the last level. */
    NONE,
    /** A convolution with stride 2. */
    CONV,
    /** A residual block that halves the resolution. */
    RESNET
  }

  /**
   * Declares the parameters of the block.
   *
   * @param headDim channels of an attention head, null for a block without attention
   */
  public DownBlock2D(
      Scope scope,
      int layers,
      int cin,
      int cout,
      Integer headDim,
      Downsampling downsampling,
      int downsamplePadding,
      ResnetBlock2D.Options options) {
    for (int i = 0; i < layers && headDim != null; i++) {
      attentions.add(
          new SelfAttention(
              scope.child("attentions." + i),
              cout,
              headDim,
              options.groups(),
              options.epsilon(),
              options.outputScaleFactor()));
    }
    for (int i = 0; i < layers; i++) {
      Scope child = scope.child("resnets." + i);
      resnets.add(new ResnetBlock2D(child, i == 0 ? cin : cout, cout, options));
    }
    Scope last = scope.child("downsamplers.0");
    if (downsampling == Downsampling.CONV) {
      downConv = Resampling.downsample(last, cout, downsamplePadding);
    } else if (downsampling == Downsampling.RESNET) {
      downResnet = new ResnetBlock2D(last, cout, cout, options.with(ResnetBlock2D.Sampling.DOWN));
    }
  }

  @Override
  public Tensor apply(Graph graph, Tensor x, Tensor temb, Skips skips) {
    Tensor hidden = x;
    for (int i = 0; i < resnets.size(); i++) {
      hidden = resnets.get(i).apply(graph, hidden, temb);
      if (!attentions.isEmpty()) {
        hidden = attentions.get(i).apply(graph, hidden);
      }
      skips.push(hidden);
    }
    if (downConv != null) {
      hidden = downConv.apply(graph, hidden);
      skips.push(hidden);
    } else if (downResnet != null) {
      hidden = downResnet.apply(graph, hidden, temb);
      skips.push(hidden);
    }
    return hidden;
  }
}
