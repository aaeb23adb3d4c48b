package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.AveragingScheduler;
import io.github.tornadodiffusion.diffusion.FixedImages;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageToImageTest {
  private static final SchedulerConfig CONFIG = SchedulerConfig.DEFAULTS;
  private static final FixedImages IMAGES = new FixedImages(3, 3, 4);

  /** Sees no noise at all: what comes in is scaled and comes out. */
  private static final Denoiser NOTHING = (sample, timesteps, labels) -> new float[sample.length];

  /** With int(steps * strength) of the steps, and the highest timesteps left out. */
  @ParameterizedTest
  @CsvSource({
    "10, 1, 10",
    "10, 0.75, 7",
    "10, 0.3, 3",
    "10, 0.29, 2",
    "7, 0.999, 6",
    "50, 0.8, 40"
  })
  void makesTheCallsOfDiffusers(int steps, double strength, int calls) {
    Sampling sampling = Sampling.of(new DDIMScheduler(CONFIG), steps);
    List<Float> heard = new ArrayList<>();
    ImageToImage process = new ImageToImage(sampling, steps, strength, IMAGES);
    IMAGES.run(
        (sample, timesteps, labels) -> {
          heard.add(timesteps[0]);
          return new float[sample.length];
        },
        process,
        2,
        0);
    assertEquals(calls, process.calls());
    assertEquals(calls, heard.size());
    for (int i = 0; i < calls; i++) {
      assertEquals(sampling.call(steps - calls + i).timestep(), heard.get(i), 0);
    }
  }

  @Test
  void littleStrengthLeavesTheImageNearlyAsItIs() {
    Sampling sampling = Sampling.of(new DDPMScheduler(CONFIG), 1000);
    float[] images = IMAGES.run(NOTHING, new ImageToImage(sampling, 1000, 0.001, IMAGES), 5, 1);
    // At timestep 0 there is 1 % of noise, which nobody takes away.
    double sigma = CONFIG.noiseSchedule().sigma(0);
    assertArrayEquals(IMAGES.inTurn(5), images, (float) (5 * sigma));
  }

  @Test
  void aPerfectModelFindsItsImageFromAnyStrength() {
    NoiseSchedule schedule = CONFIG.noiseSchedule();
    Sampling sampling = Sampling.of(new DDIMScheduler(CONFIG), 10);
    for (double strength : new double[] {0.1, 0.5, 1}) {
      float[] images =
          IMAGES.run(
              new PerfectDenoiser(schedule, 0.25f),
              new ImageToImage(sampling, 10, strength, IMAGES),
              3,
              1);
      for (float value : images) {
        assertEquals(0.25f, value, 1e-4f, "strength " + strength);
      }
    }
  }

  /** Full strength is sampling from noise, but for what is left of the image at the first call. */
  @Test
  void fullStrengthIsSamplingFromNoise() {
    Sampling sampling = Sampling.of(new DDPMScheduler(CONFIG), 10);
    double signal = sampling.call(0).signal();
    double sigma = sampling.call(0).sigma();
    assertTrue(signal > 0 && signal < 0.1);
    Denoiser half =
        (sample, timesteps, labels) -> {
          float[] output = new float[sample.length];
          for (int i = 0; i < output.length; i++) {
            output[i] = sample[i] / 2;
          }
          return output;
        };
    SampleNoise noise = SampleNoise.seeded(7, 48);
    SampleNoise noiseAndImages =
        (draw, first, out) -> {
          noise.fill(draw, first, out);
          for (int i = 0; draw == SampleNoise.INITIAL && i < out.length; i++) {
            float clean = IMAGES.image((first + i / 48) % 3)[i % 48];
            out[i] = (float) (signal * clean + sigma * out[i]);
          }
        };
    assertArrayEquals(
        IMAGES.run(half, ReverseProcess.fromNoise(sampling), 4, noiseAndImages),
        IMAGES.run(half, new ImageToImage(sampling, 10, 1, IMAGES), 4, noise),
        1e-6f);
  }

  @Test
  void refusesWhatLeavesNothingToDo() {
    Sampling sampling = Sampling.of(new DDIMScheduler(CONFIG), 10);
    for (double strength : new double[] {0, -1, 1.01, Double.NaN, 0.09}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new ImageToImage(sampling, 10, strength, IMAGES),
          () -> "strength " + strength);
    }
    ImageToImage small = new ImageToImage(sampling, 10, 1, new FixedImages(1, 1, 4));
    assertThrows(IllegalArgumentException.class, () -> IMAGES.run(NOTHING, small, 1, 0));
  }

  @Test
  void samplersThatCannotBeginInTheMiddleAreRefused() {
    Sampling averaging = Sampling.of(new AveragingScheduler(), 4);
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> new ImageToImage(averaging, 4, 0.5, IMAGES))
            .getMessage();
    assertTrue(message.contains("AveragingScheduler"), message);
    assertEquals(4, new ImageToImage(averaging, 4, 1, IMAGES).calls());
  }
}
