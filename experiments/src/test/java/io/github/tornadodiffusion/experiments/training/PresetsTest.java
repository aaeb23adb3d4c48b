package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class PresetsTest {
  @Test
  void unit1IsTheCoursesModelAndRecipe() {
    Preset preset = Presets.named("unit1");
    UNet2DConfig model = preset.model();
    assertEquals(18_536_323, MemoryNeed.parameters(model));
    assertEquals(UNet2DConfig.SampleSize.square(32), model.sampleSize());
    assertEquals(3, model.inChannels());
    assertEquals(2, model.layersPerBlock());
    assertEquals(List.of(64, 128, 128, 256), model.blockOutChannels());
    assertEquals(
        List.of("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D"), model.upBlockTypes());
    assertEquals(1000, preset.trainTimesteps());
    assertEquals(BetaSchedule.SQUAREDCOS_CAP_V2, preset.schedule());
    assertEquals(64, preset.recipe().batch());
    assertEquals(30, preset.recipe().epochs());
    assertEquals(4e-4, preset.recipe().optimization().learningRate());
  }

  @Test
  void everyPresetIsAValidTraining() throws IOException {
    for (Preset preset : Presets.all()) {
      // Through picocli, so that the options not given have their defaults.
      TrainOptions options =
          CommandLine.populateCommand(new TrainOptions(), "--preset", preset.name());
      assertEquals(preset.model(), options.config().unet());
      assertEquals(
          preset.recipe().steps() > 0 ? preset.recipe().steps() : 300, options.steps(e -> 10L * e));
    }
  }
}
