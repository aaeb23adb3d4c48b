package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.ResampleOperation;

/** diffusers' Downsample2D and Upsample2D with a convolution. */
public final class Resampling {
  private Resampling() {}

  /** A 3x3 convolution with stride 2; padding 0 means one row below and one column on the right. */
  public static Conv2d downsample(Scope scope, int channels, int padding) {
    scope.check(padding == 0 || padding == 1, "downsample_padding is %d; use 0 or 1", padding);
    Padding border = padding == 0 ? new Padding(0, 0, 1, 1) : Padding.all(padding);
    return Conv2d.conv(scope.child("conv"), channels, channels, 3, 2, border, true);
  }

  /** The 3x3 convolution of an upsampling. */
  public static Conv2d upsample(Scope scope, int channels, int outChannels) {
    return Conv2d.same(scope.child("conv"), channels, outChannels);
  }

  /** Nearest-neighbour enlargement to h x w pixels, then the convolution. */
  public static Tensor upsample(Graph graph, Scope scope, Tensor x, int h, int w, Conv2d conv) {
    return conv.apply(
        graph, ResampleOperation.nearest(graph, scope.path(), x, h, w, conv.padding()));
  }
}
