package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.util.Arrays;
import java.util.List;

/** A UNet with every kind of block that trains in seconds. */
public final class TinyUNet {
  private TinyUNet() {}

  public static UNet2DConfig config(int size, int channels, int... blockOutChannels) {
    List<Integer> widths = Arrays.stream(blockOutChannels).boxed().toList();
    boolean two = widths.size() == 2;
    return UNet2DConfig.builder()
        .sampleSize(UNet2DConfig.SampleSize.square(size))
        .inChannels(channels)
        .outChannels(channels)
        .blockOutChannels(widths)
        .downBlockTypes(
            two ? List.of("DownBlock2D", "AttnDownBlock2D") : List.of("AttnDownBlock2D"))
        .upBlockTypes(two ? List.of("AttnUpBlock2D", "UpBlock2D") : List.of("AttnUpBlock2D"))
        .layersPerBlock(1)
        .normNumGroups(8)
        .build();
  }
}
