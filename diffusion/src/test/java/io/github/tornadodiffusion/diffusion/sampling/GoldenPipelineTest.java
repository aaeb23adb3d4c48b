package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.diffusion.TestDevice;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ten steps with a UNet against diffusers' DDPMPipeline and DDIMPipeline, from the same noise. */
public class GoldenPipelineTest {
  private static final int IMAGES = 2;
  private static final int CHANNELS = 3;
  private static final int SIZE = 16;

  /** Two float32 implementations of the UNet and of the scheduler; they differ by 1.4e-5. */
  private static final float TOLERANCE = 3e-5f;

  private static final int VALUES = IMAGES * CHANNELS * SIZE * SIZE;

  public static Path directory() throws URISyntaxException {
    return Path.of(GoldenPipelineTest.class.getResource("/golden/tiny_ddpm_pipeline").toURI());
  }

  @ParameterizedTest
  @CsvSource({"ddpm, DDPMScheduler", "ddim_eta0, DDIMScheduler"})
  void imagesEqualThoseOfDiffusers(String run, String schedulerClass) throws Exception {
    Golden golden = new Golden("pipeline");
    DiffusionModel model = DiffusionModel.read(directory(), schedulerClass);
    Sampling sampling = Sampling.of(model.scheduler(), 10);
    float[] samples = golden.tensor(run + ".samples");
    float[] initial = golden.tensor(run + ".initial_noise");
    float[] noises = golden.has(run + ".step_noises") ? golden.tensor(run + ".step_noises") : null;
    SampleNoise noise =
        (step, first, out) ->
            System.arraycopy(
                step == SampleNoise.INITIAL ? initial : noises,
                step == SampleNoise.INITIAL ? 0 : step * VALUES,
                out,
                0,
                VALUES);

    List<float[]> inputs = new ArrayList<>();
    try (Engine engine = TestDevice.open();
        SampleRegisters unet =
            SampleRegisters.record(
                    new UNet2DModel(model.unet()),
                    new BatchShape(IMAGES, SIZE, SIZE),
                    free(sampling))
                .open(engine, model.parameters())) {
      new Pipeline(new DeviceSampling(unet), CHANNELS, SIZE, SIZE)
          .run(
              ReverseProcess.fromNoise(sampling),
              new Pipeline.Request(IMAGES, noise, null),
              new Pipeline.Listener() {
                @Override
                public void sees(int firstImage, int call, Supplier<float[]> modelInput) {
                  inputs.add(modelInput.get());
                }

                @Override
                public void images(int firstImage, int count, float[] values) {
                  inputs.add(values);
                }
              });
    }
    float[] images = inputs.getLast();
    for (int step = 0; step < sampling.calls(); step++) {
      float[] expected = Arrays.copyOfRange(samples, step * VALUES, (step + 1) * VALUES);
      assertArrayEquals(expected, inputs.get(step + 1), TOLERANCE, "after step " + step);
    }
    assertGreyLevels(golden.tensor(run + ".image_nhwc"), images);
  }

  /** A diffusers run on the CPU is repeated from its seed alone, whatever the batches here. */
  @ParameterizedTest
  @CsvSource({"ddpm, DDPMScheduler, 2", "ddpm, DDPMScheduler, 1", "ddim_eta0, DDIMScheduler, 1"})
  void theSeedAloneGivesTheImagesOfDiffusers(String run, String schedulerClass, int batch)
      throws Exception {
    Golden golden = new Golden("pipeline");
    DiffusionModel model = DiffusionModel.read(directory(), schedulerClass);
    SampleNoise noise =
        Rng.TORCH.sampleNoise(golden.json().get("seed").asLong(), IMAGES, VALUES / IMAGES);
    float[] initial = new float[VALUES];
    noise.fill(SampleNoise.INITIAL, 0, initial);
    assertArrayEquals(golden.tensor(run + ".initial_noise"), initial, 2e-6f);
    Sampling sampling = Sampling.of(model.scheduler(), 10);
    float[] images;
    try (Engine engine = TestDevice.open();
        SampleRegisters unet =
            SampleRegisters.record(
                    new UNet2DModel(model.unet()),
                    new BatchShape(batch, SIZE, SIZE),
                    free(sampling))
                .open(engine, model.parameters())) {
      images =
          new Pipeline(new DeviceSampling(unet), CHANNELS, SIZE, SIZE)
              .sample(sampling, IMAGES, noise, null, Pipeline.Progress.NONE);
    }
    float[] samples = golden.tensor(run + ".samples");
    assertArrayEquals(Arrays.copyOfRange(samples, 9 * VALUES, 10 * VALUES), images, 2 * TOLERANCE);
    assertGreyLevels(golden.tensor(run + ".image_nhwc"), images);
  }

  private static int free(Sampling sampling) {
    return DeviceSampling.free(sampling.registers());
  }

  private static void assertGreyLevels(float[] expectedNhwc, float[] images) {
    for (int i = 0; i < VALUES; i++) {
      int channel = i % CHANNELS;
      int pixel = i / CHANNELS % (SIZE * SIZE);
      int image = i / CHANNELS / (SIZE * SIZE);
      float value = images[(image * CHANNELS + channel) * SIZE * SIZE + pixel];
      double unit = Math.clamp(value / 2 + 0.5, 0, 1);
      assertEquals(Math.rint(expectedNhwc[i] * 255), Math.rint(unit * 255), 1, "value " + i);
    }
  }
}
