package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.Resampling;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.layers.SelfAttention;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import java.util.ArrayList;
import java.util.List;

/**
 * diffusers' UpBlock2D and AttnUpBlock2D: resnets that join the skip connections, each optionally
 * followed by an attention, then an upsampling.
 */
public final class UpBlock2D implements UNetBlock {
  private final Scope scope;
  private final List<SelfAttention> attentions = new ArrayList<>();
  private final List<ResnetBlock2D> resnets = new ArrayList<>();
  private Conv2d upConv;
  private ResnetBlock2D upResnet;

  /** How a block ends. */
  public enum Upsampling {
    /** Keeps the resolution: the finest level. */
    NONE,
    /** Nearest neighbours, then a convolution. */
    CONV,
    /** A residual block that doubles the resolution. */
    RESNET
  }

  /**
   * Declares the parameters of the block.
   *
   * @param cin channels of the last skip connection, the one of the finer level
   * @param previous channels of the block's input
   * @param headDim channels of an attention head, null for a block without attention
   */
  public UpBlock2D(
      Scope scope,
      int layers,
      int cin,
      int previous,
      int cout,
      Integer headDim,
      Upsampling upsampling,
      ResnetBlock2D.Options options) {
    this.scope = scope;
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
      int skip = i == layers - 1 ? cin : cout;
      int hidden = i == 0 ? previous : cout;
      resnets.add(new ResnetBlock2D(scope.child("resnets." + i), hidden + skip, cout, options));
    }
    Scope last = scope.child("upsamplers.0");
    if (upsampling == Upsampling.CONV) {
      upConv = Resampling.upsample(last, cout, cout);
    } else if (upsampling == Upsampling.RESNET) {
      upResnet = new ResnetBlock2D(last, cout, cout, options.with(ResnetBlock2D.Sampling.UP));
    }
  }

  @Override
  public Tensor apply(Graph graph, Tensor x, Tensor temb, Skips skips) {
    Tensor hidden = x;
    for (int i = 0; i < resnets.size(); i++) {
      String label = scope.child("resnets." + i).child("concat").path();
      hidden = ConcatOperation.record(graph, label, hidden, skips.pop());
      hidden = resnets.get(i).apply(graph, hidden, temb);
      if (!attentions.isEmpty()) {
        hidden = attentions.get(i).apply(graph, hidden);
      }
    }
    if (upConv != null) {
      Scope last = scope.child("upsamplers.0");
      return Resampling.upsample(graph, last, hidden, 2 * hidden.h(), 2 * hidden.w(), upConv);
    }
    return upResnet == null ? hidden : upResnet.apply(graph, hidden, temb);
  }
}
