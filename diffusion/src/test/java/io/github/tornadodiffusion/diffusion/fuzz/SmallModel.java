package io.github.tornadodiffusion.diffusion.fuzz;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** The files of the smallest model, for what lies beside a file under test. */
final class SmallModel {
  private static final DiffusionModel MODEL = make();

  private SmallModel() {}

  private static DiffusionModel make() {
    UNet2DConfig config =
        UNet2DConfig.builder()
            .inChannels(1)
            .outChannels(1)
            .downBlockTypes(List.of("DownBlock2D"))
            .upBlockTypes(List.of("UpBlock2D"))
            .blockOutChannels(List.of(2))
            .layersPerBlock(1)
            .normNumGroups(1)
            .addAttention(false)
            .build();
    SequencedMap<String, HostTensor> parameters = new LinkedHashMap<>();
    new UNet2DModel(config)
        .parameters()
        .specs()
        .forEach(spec -> parameters.put(spec.name(), HostTensor.zeros(spec.shape())));
    return new DiffusionModel(new DDPMScheduler(SchedulerConfig.DEFAULTS), config, parameters);
  }

  static void write(Path directory) throws IOException {
    MODEL.writeInto(directory);
  }
}
