package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.GroupNorm2d;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Options;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Sampling;
import io.github.tornadodiffusion.nn.layers.SelfAttention;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import io.github.tornadodiffusion.nn.operations.ResampleOperation;
import java.util.ArrayList;
import java.util.List;

/**
 * diffusers' SkipUpBlock2D and AttnSkipUpBlock2D, of NCSN++ (Song et al. 2021): resnets that join
 * the skip connections, at most one attention, then a filtered upsampling. Each block makes an
 * image from its states, and the images of all blocks are upsampled with the filter and added.
 */
final class SkipUpBlock2D implements UNetBlock {
  private final Scope scope;
  private final SelfAttention attention;
  private final List<ResnetBlock2D> resnets = new ArrayList<>();
  private final ResnetBlock2D resnetUp;
  private final Conv2d skipConv;
  private final GroupNorm2d skipNorm;

  /**
   * @param cin channels of the last skip connection, the one of the finer level
   * @param previous channels of the block's input
   * @param headDim channels of an attention head, null for a block without attention
   * @param upsamples whether the block doubles height and width
   * @param common options of all blocks; groups and divisor are this block's own
   */
  SkipUpBlock2D(
      Scope scope,
      int layers,
      int cin,
      int previous,
      int cout,
      Integer headDim,
      boolean upsamples,
      Options common) {
    this.scope = scope;
    Options options = common.withOutputScaleFactor(SkipDownBlock2D.OUTPUT_SCALE_FACTOR);
    attention =
        headDim == null
            ? null
            : SkipDownBlock2D.attention(scope.child("attentions.0"), cout, headDim, options);
    int groups = SkipDownBlock2D.groups(cout);
    for (int i = 0; i < layers; i++) {
      int skip = i == layers - 1 ? cin : cout;
      int hidden = i == 0 ? previous : cout;
      // diffusers' AttnSkipUpBlock2D derives them from the channels of the skip connection alone.
      int groupsIn =
          headDim == null
              ? SkipDownBlock2D.groups(hidden + skip)
              : Math.min(hidden + skip / 4, SkipDownBlock2D.ATTENTION_GROUPS);
      resnets.add(
          new ResnetBlock2D(
              scope.child("resnets." + i),
              hidden + skip,
              cout,
              options.withGroups(groupsIn, groups)));
    }
    Options up = options.withGroups(groups, groups).with(Sampling.FILTERED_UP);
    resnetUp = upsamples ? new ResnetBlock2D(scope.child("resnet_up"), cout, cout, up) : null;
    skipConv =
        upsamples
            ? Conv2d.same(scope.child("skip_conv"), cout, SkipDownBlock2D.IMAGE_CHANNELS)
            : null;
    skipNorm =
        upsamples
            ? new GroupNorm2d(scope.child("skip_norm"), groups, cout, options.epsilon())
            : null;
  }

  @Override
  public Tensor apply(Graph graph, Tensor x, Conditions conditions, Skips skips) {
    Tensor hidden = x;
    for (int i = 0; i < resnets.size(); i++) {
      String label = scope.child("resnets." + i).child("concat").path();
      hidden = ConcatOperation.record(graph, label, hidden, skips.pop());
      hidden = resnets.get(i).apply(graph, hidden, conditions.temb());
    }
    if (attention != null) {
      hidden = attention.apply(graph, hidden);
    }
    Tensor image = skips.image();
    if (image != null) {
      image =
          ResampleOperation.filteredDouble(
              graph, scope.child("upsampler").path(), image, Padding.NONE);
    }
    if (resnetUp != null) {
      Tensor normed = skipNorm.apply(graph, hidden, Activation.SILU, skipConv.padding());
      image = skipConv.apply(graph, normed, null, image);
      hidden = resnetUp.apply(graph, hidden, conditions.temb());
    }
    skips.image(image);
    return hidden;
  }
}
