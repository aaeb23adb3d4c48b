package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PipelineTest {
  private static final int IMAGE = 3 * 4 * 5;

  /** Takes half of the sample for noise, and shifts it by the label. */
  private static final Denoiser HALF =
      (sample, timesteps, labels) -> {
        float[] output = new float[sample.length];
        for (int i = 0; i < output.length; i++) {
          int image = i / (sample.length / timesteps.length);
          output[i] =
              sample[i] / 2 + (labels == null ? 0 : labels[image]) + timesteps[image] / 1e4f;
        }
        return output;
      };

  private static float[] sample(String scheduler, int batch, int count, int[] labels) {
    Sampling sampling =
        Sampling.of(
            Schedulers.convert(new DDPMScheduler(SchedulerConfig.DEFAULTS), scheduler),
            5,
            new StepOptions(0.7, false));
    return new Pipeline(HALF, batch, 3, 4, 5)
        .sample(sampling, count, 11, labels, Pipeline.Progress.NONE);
  }

  @ParameterizedTest
  @CsvSource({"DDPM", "DDIM"})
  void anImageDependsOnItsNumberAlone(String scheduler) {
    float[] seven = sample(scheduler, 1, 7, null);
    assertEquals(7 * IMAGE, seven.length);
    for (int batch : new int[] {2, 3, 7, 8}) {
      assertArrayEquals(seven, sample(scheduler, batch, 7, null), "batch " + batch);
    }
    assertArrayEquals(Arrays.copyOf(seven, 2 * IMAGE), sample(scheduler, 4, 2, null));
    assertFalse(
        Arrays.equals(Arrays.copyOf(seven, IMAGE), Arrays.copyOfRange(seven, IMAGE, 2 * IMAGE)));
  }

  /** Also with a UNet: no kernel's result for an image depends on how many there are. */
  @Test
  void aUNetSamplesTheSameImageInAnyBatch() {
    UNet2DConfig config = TinyUNet.config(8, 1, 8, 16);
    Map<String, HostTensor> parameters =
        Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 3);
    Sampling sampling = Sampling.of(new DDPMScheduler(SchedulerConfig.DEFAULTS), 3);
    int free = DeviceSampling.free(sampling.registers());
    List<float[]> samples = new ArrayList<>();
    try (JvmEngine engine = new JvmEngine(2)) {
      for (int batch : new int[] {1, 2, 5}) {
        try (SampleRegisters unet =
            SampleRegisters.record(new UNet2DModel(config), new BatchShape(batch, 8, 8), free)
                .open(engine, parameters)) {
          samples.add(
              new Pipeline(new DeviceSampling(unet), 1, 8, 8)
                  .sample(sampling, 5, 1, null, Pipeline.Progress.NONE));
        }
      }
    }
    assertArrayEquals(samples.get(0), samples.get(1));
    assertArrayEquals(samples.get(0), samples.get(2));
  }

  @Test
  void everyImageHasItsLabel() {
    int[] labels = {0, 3, 1, 2, 0};
    assertArrayEquals(sample("DDIM", 1, 5, labels), sample("DDIM", 2, 5, labels));
  }

  @Test
  void tellsItsProgress() {
    List<String> heard = new ArrayList<>();
    Sampling sampling = Sampling.of(new DDIMScheduler(SchedulerConfig.DEFAULTS), 2);
    new Pipeline(HALF, 2, 3, 4, 5)
        .sample(sampling, 3, 0, null, (done, total) -> heard.add(done + "/" + total));
    assertEquals(List.of("1/4", "2/4", "3/4", "4/4"), heard);
  }

  @Test
  void refusesWhatCannotBe() {
    assertThrows(IllegalArgumentException.class, () -> sample("DDIM", 2, 0, null));
    assertThrows(IllegalArgumentException.class, () -> sample("DDIM", 2, 2, new int[3]));
  }
}
