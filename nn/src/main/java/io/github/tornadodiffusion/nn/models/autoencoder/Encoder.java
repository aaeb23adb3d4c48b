package io.github.tornadodiffusion.nn.models.autoencoder;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.GroupNorm2d;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Options;
import io.github.tornadodiffusion.nn.models.unet.BlockAttention;
import io.github.tornadodiffusion.nn.models.unet.Conditions;
import io.github.tornadodiffusion.nn.models.unet.DownBlock2D;
import io.github.tornadodiffusion.nn.models.unet.DownBlock2D.Downsampling;
import io.github.tornadodiffusion.nn.models.unet.Skips;
import io.github.tornadodiffusion.nn.models.unet.UNetMidBlock2D;
import java.util.ArrayList;
import java.util.List;

/** diffusers' Encoder: images to twice as many channels as the latents have. */
final class Encoder {
  /** Of all group normalisations. */
  static final double EPSILON = 1e-6;

  private final Conv2d convIn;
  private final List<DownBlock2D> downBlocks = new ArrayList<>();
  private final UNetMidBlock2D midBlock;
  private final GroupNorm2d convNormOut;
  private final Conv2d convOut;

  Encoder(Scope scope, AutoencoderKLConfig config) {
    List<Integer> channels = config.blockOutChannels();
    Options options = options(config);
    convIn = Conv2d.same(scope.child("conv_in"), config.inChannels(), channels.getFirst());
    for (int i = 0; i < channels.size(); i++) {
      downBlocks.add(
          new DownBlock2D(
              scope.child("down_blocks." + i),
              config.layersPerBlock(),
              channels.get(Math.max(0, i - 1)),
              channels.get(i),
              null,
              i == channels.size() - 1 ? Downsampling.NONE : Downsampling.CONV,
              0,
              options));
    }
    int last = channels.getLast();
    midBlock = midBlock(scope, config, options);
    convNormOut =
        new GroupNorm2d(scope.child("conv_norm_out"), config.normNumGroups(), last, EPSILON);
    convOut = Conv2d.same(scope.child("conv_out"), last, 2 * config.latentChannels());
  }

  static Options options(AutoencoderKLConfig config) {
    return Options.of(0, config.normNumGroups(), EPSILON)
        .with(Activation.named(config.actFn()).orElseThrow());
  }

  /** The middle block of encoder and decoder: its attention has a single head. */
  static UNetMidBlock2D midBlock(Scope scope, AutoencoderKLConfig config, Options options) {
    int channels = config.blockOutChannels().getLast();
    Integer headDim = config.midBlockAddAttention() ? channels : null;
    return new UNetMidBlock2D(
        scope.child("mid_block"),
        channels,
        BlockAttention.self(channels, headDim, options.groups(), options),
        options);
  }

  /** {@code [n, h / f, w / f, 2 * latentChannels]} of images {@code [n, h, w, c]}. */
  Tensor apply(Graph graph, Tensor images) {
    Tensor hidden = convIn.apply(graph, images);
    for (DownBlock2D block : downBlocks) {
      hidden = block.apply(graph, hidden, Conditions.NONE, new Skips());
    }
    hidden = midBlock.apply(graph, hidden, Conditions.NONE);
    hidden = convNormOut.apply(graph, hidden, Activation.SILU, convOut.padding());
    return convOut.apply(graph, hidden);
  }
}
