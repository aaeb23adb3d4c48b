package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.Resampling;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * diffusers' UpBlock2D, AttnUpBlock2D, CrossAttnUpBlock2D, SimpleCrossAttnUpBlock2D,
 * ResnetUpsampleBlock2D and UpDecoderBlock2D: resnets that join the skip connections, each
 * optionally followed by an attention, then an upsampling.
 */
public final class UpBlock2D implements UNetBlock {
  private final Scope scope;
  private final boolean joins;
  private final List<BlockAttention> attentions = new ArrayList<>();
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
   * @param cin channels of the last skip connection, the one of the finer level; 0 for a block of a
   *     decoder, which has no skip connections
   * @param previous channels of the block's input
   * @param attention makes what follows each resnet; null for nothing
   */
  public UpBlock2D(
      Scope scope,
      int layers,
      int cin,
      int previous,
      int cout,
      Function<Scope, BlockAttention> attention,
      Upsampling upsampling,
      ResnetBlock2D.Options options) {
    this.scope = scope;
    joins = cin > 0;
    for (int i = 0; i < layers && attention != null; i++) {
      attentions.add(attention.apply(scope.child("attentions." + i)));
    }
    for (int i = 0; i < layers; i++) {
      int skip = i == layers - 1 || !joins ? cin : cout;
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
  public Tensor apply(Graph graph, Tensor x, Conditions conditions, Skips skips) {
    Tensor hidden = x;
    for (int i = 0; i < resnets.size(); i++) {
      if (joins) {
        String label = scope.child("resnets." + i).child("concat").path();
        hidden = ConcatOperation.record(graph, label, hidden, skips.pop());
      }
      hidden = resnets.get(i).apply(graph, hidden, conditions.temb());
      if (!attentions.isEmpty()) {
        hidden = attentions.get(i).apply(graph, hidden, conditions);
      }
    }
    if (upConv != null) {
      Scope last = scope.child("upsamplers.0");
      // An odd size was rounded when it was halved.
      Tensor next = joins ? skips.last() : null;
      int h = next == null ? 2 * hidden.h() : next.h();
      int w = next == null ? 2 * hidden.w() : next.w();
      return Resampling.upsample(graph, last, hidden, h, w, upConv);
    }
    return upResnet == null ? hidden : upResnet.apply(graph, hidden, conditions.temb());
  }
}
