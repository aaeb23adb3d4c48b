package io.github.tornadodiffusion.nn.models.autoencoder;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.GroupNorm2d;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Options;
import io.github.tornadodiffusion.nn.models.unet.Conditions;
import io.github.tornadodiffusion.nn.models.unet.Skips;
import io.github.tornadodiffusion.nn.models.unet.UNetMidBlock2D;
import io.github.tornadodiffusion.nn.models.unet.UpBlock2D;
import io.github.tornadodiffusion.nn.models.unet.UpBlock2D.Upsampling;
import java.util.ArrayList;
import java.util.List;

/** diffusers' Decoder: latents to images. */
final class Decoder {
  private final Conv2d convIn;
  private final UNetMidBlock2D midBlock;
  private final List<UpBlock2D> upBlocks = new ArrayList<>();
  private final GroupNorm2d convNormOut;
  private final Conv2d convOut;

  Decoder(Scope scope, AutoencoderKLConfig config) {
    List<Integer> channels = config.blockOutChannels().reversed();
    Options options = Encoder.options(config);
    convIn = Conv2d.same(scope.child("conv_in"), config.latentChannels(), channels.getFirst());
    for (int i = 0; i < channels.size(); i++) {
      upBlocks.add(
          new UpBlock2D(
              scope.child("up_blocks." + i),
              config.layersPerBlock() + 1,
              0,
              channels.get(Math.max(0, i - 1)),
              channels.get(i),
              null,
              i == channels.size() - 1 ? Upsampling.NONE : Upsampling.CONV,
              options));
    }
    // The up blocks come before the middle block in PyTorch's state_dict.
    midBlock = Encoder.midBlock(scope, config, options);
    int last = channels.getLast();
    convNormOut =
        new GroupNorm2d(
            scope.child("conv_norm_out"), config.normNumGroups(), last, Encoder.EPSILON);
    convOut = Conv2d.same(scope.child("conv_out"), last, config.outChannels());
  }

  /** Images {@code [n, f * h, f * w, outChannels]} of latents {@code [n, h, w, c]}. */
  Tensor apply(Graph graph, Tensor latents) {
    Tensor hidden = midBlock.apply(graph, convIn.apply(graph, latents), Conditions.NONE);
    for (UpBlock2D block : upBlocks) {
      hidden = block.apply(graph, hidden, Conditions.NONE, new Skips());
    }
    hidden = convNormOut.apply(graph, hidden, Activation.SILU, convOut.padding());
    return convOut.apply(graph, hidden);
  }
}
