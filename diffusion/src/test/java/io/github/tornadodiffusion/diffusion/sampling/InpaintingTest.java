package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.AveragingScheduler;
import io.github.tornadodiffusion.diffusion.FixedImages;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InpaintingTest {
  private static final SchedulerConfig CONFIG = SchedulerConfig.DEFAULTS;
  private static final int SIZE = 16;
  private static final FixedImages IMAGES = new FixedImages(3, 1, SIZE);

  /** The left half is kept. */
  private static final Mask RIGHT = right();

  private static Mask right() {
    boolean[] drawn = new boolean[SIZE * SIZE];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = isRight(i);
    }
    return Mask.of(drawn);
  }

  private static boolean isRight(int index) {
    return index % SIZE >= SIZE / 2;
  }

  private static Sampling sampling(String scheduler, int steps) {
    return Sampling.of(Schedulers.convert(new DDPMScheduler(CONFIG), scheduler), steps);
  }

  @ParameterizedTest
  @CsvSource({"DDPM, 1", "DDIM, 1", "DDPM, 3", "DDIM, 4"})
  void keepsPixelsExactlyAndDrawsTheOthers(String scheduler, int resample) {
    Inpainting process = new Inpainting(sampling(scheduler, 10), IMAGES, RIGHT, resample);
    float[] images = IMAGES.run(new PerfectDenoiser(CONFIG.noiseSchedule(), 0.25f), process, 5, 1);
    float[] originals = IMAGES.inTurn(5);
    for (int i = 0; i < images.length; i++) {
      if (isRight(i)) {
        assertEquals(0.25f, images[i], 1e-4f);
      } else {
        assertEquals(originals[i], images[i], 0);
      }
    }
  }

  @Test
  void everythingIsDrawnAsFromNoiseWhereNothingIsKept() {
    boolean[] all = new boolean[SIZE * SIZE];
    Arrays.fill(all, true);
    Sampling sampling = sampling("DDIM", 10);
    PerfectDenoiser model = new PerfectDenoiser(CONFIG.noiseSchedule(), -0.5f);
    assertArrayEquals(
        IMAGES.run(model, ReverseProcess.fromNoise(sampling), 3, 4),
        IMAGES.run(model, new Inpainting(sampling, IMAGES, Mask.of(all), 1), 3, 4),
        1e-5f);
  }

  /** At every call each half is signal * x_0 + sigma * noise, however the sampler came there. */
  @ParameterizedTest
  @CsvSource({"DDPM, 1", "DDPM, 3", "DDIM, 3"})
  void theModelSeesWhatBelongsToTheTimestep(String scheduler, int resample) {
    Sampling sampling = sampling(scheduler, 10);
    PerfectDenoiser perfect = new PerfectDenoiser(CONFIG.noiseSchedule(), 0);
    float[] originals = IMAGES.inTurn(3);
    int images = 300;
    float[] many = IMAGES.inTurn(images);
    List<Float> timesteps = new ArrayList<>();
    Denoiser watching =
        (sample, times, labels) -> {
          int call = sampling.calls() - 1 - (int) times[0] / 100;
          timesteps.add(times[0]);
          double signal = sampling.call(call).signal();
          double sigma = sampling.call(call).sigma();
          double left = 0;
          double right = 0;
          for (int i = 0; i < sample.length; i++) {
            if (isRight(i)) {
              right += sample[i] * sample[i];
            } else if (timesteps.size() > resample) {
              left += Math.pow(sample[i] - signal * many[i], 2);
            }
          }
          double pixels = sample.length / 2.0;
          assertEquals(sigma, Math.sqrt(right / pixels), 0.02 * sigma, "drawn, call " + call);
          if (timesteps.size() > resample) {
            assertEquals(sigma, Math.sqrt(left / pixels), 0.02 * sigma, "kept, call " + call);
          }
          return perfect.predict(sample, times, labels);
        };
    new Pipeline(watching, images, 1, SIZE, SIZE)
        .run(
            new Inpainting(sampling, IMAGES, RIGHT, resample),
            new Pipeline.Request(images, SampleNoise.seeded(3, SIZE * SIZE), null),
            (first, count, values) -> assertEquals(originals[0], values[0], 0));
    List<Float> expected = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      for (int round = 0; round < (i < 9 ? resample : 1); round++) {
        expected.add((float) sampling.call(i).timestep());
      }
    }
    assertEquals(expected, timesteps);
  }

  @Test
  void noiseIsDrawnAnewForEveryRound() {
    List<String> draws = new ArrayList<>();
    SampleNoise noise =
        (draw, first, out) -> {
          draws.add(draw + "/" + first);
          SampleNoise.seeded(0, SIZE * SIZE).fill(draw, first, out);
        };
    Inpainting process = new Inpainting(sampling("DDPM", 4), IMAGES, RIGHT, 2);
    IMAGES.run(new PerfectDenoiser(CONFIG.noiseSchedule(), 0), process, 3, noise);
    assertEquals(draws.size(), draws.stream().distinct().count());
    assertTrue(draws.contains("-1/0") && draws.contains("-1/2"));
  }

  @Test
  void refusesWhatDoesNotFit() {
    Sampling sampling = sampling("DDIM", 3);
    assertThrows(IllegalArgumentException.class, () -> new Inpainting(sampling, IMAGES, RIGHT, 0));
    Inpainting other = new Inpainting(sampling, IMAGES, Mask.of(new boolean[7]), 1);
    PerfectDenoiser model = new PerfectDenoiser(CONFIG.noiseSchedule(), 0);
    assertThrows(IllegalArgumentException.class, () -> IMAGES.run(model, other, 1, 0));
  }

  @Test
  void samplersThatBuildOnEarlierStepsAreRefused() {
    Sampling averaging = Sampling.of(new AveragingScheduler(), 3);
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> new Inpainting(averaging, IMAGES, RIGHT, 1))
            .getMessage();
    assertTrue(message.contains("AveragingScheduler") && message.contains("DDIM"), message);
  }
}
