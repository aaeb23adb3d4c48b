package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.Resampling;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * diffusers' DownBlock2D, AttnDownBlock2D, CrossAttnDownBlock2D, SimpleCrossAttnDownBlock2D,
 * ResnetDownsampleBlock2D and DownEncoderBlock2D: resnets, each optionally followed by an
 * attention, then a downsampling.
 */
public final class DownBlock2D implements UNetBlock {
  private final List<BlockAttention> attentions = new ArrayList<>();
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
   * @param attention makes what follows each resnet; null for nothing
   */
  public DownBlock2D(
      Scope scope,
      int layers,
      int cin,
      int cout,
      Function<Scope, BlockAttention> attention,
      Downsampling downsampling,
      int downsamplePadding,
      ResnetBlock2D.Options options) {
    for (int i = 0; i < layers && attention != null; i++) {
      attentions.add(attention.apply(scope.child("attentions." + i)));
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
  public Tensor apply(Graph graph, Tensor x, Conditions conditions, Skips skips) {
    Tensor hidden = x;
    for (int i = 0; i < resnets.size(); i++) {
      hidden = resnets.get(i).apply(graph, hidden, conditions.temb());
      if (!attentions.isEmpty()) {
        hidden = attentions.get(i).apply(graph, hidden, conditions);
      }
      skips.push(hidden);
    }
    if (downConv != null) {
      hidden = downConv.apply(graph, hidden);
      skips.push(hidden);
    } else if (downResnet != null) {
      hidden = downResnet.apply(graph, hidden, conditions.temb());
      skips.push(hidden);
    }
    return hidden;
  }
}
