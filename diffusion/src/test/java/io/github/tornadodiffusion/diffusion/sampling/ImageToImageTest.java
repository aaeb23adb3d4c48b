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
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  /**
   * The calls and the first timestep of every form of more than one call a step, which diffusers
   * finds by cutting its list of timesteps. PNDM calls twice in its first step, or four times in
   * each of three, where it has no calls before; then once.
   */
  @ParameterizedTest
  @CsvSource({
    "PNDMScheduler, true, 50, 1, 51, 980",
    "PNDMScheduler, true, 50, 0.98, 49, 960",
    "PNDMScheduler, true, 50, 0.8, 40, 780",
    "PNDMScheduler, true, 50, 0.5, 25, 480",
    "PNDMScheduler, true, 50, 0.1, 5, 80",
    "PNDMScheduler, true, 50, 0.02, 1, 0",
    "PNDMScheduler, true, 2, 0.5, 1, 0",
    "PNDMScheduler, true, 1, 1, 1, 0",
    "PNDMScheduler, false, 50, 1, 59, 980",
    "PNDMScheduler, false, 50, 0.96, 48, 940",
    "PNDMScheduler, false, 50, 0.8, 40, 780",
    "PNDMScheduler, false, 50, 0.5, 25, 480",
    "PNDMScheduler, false, 10, 0.8, 8, 700",
    "PNDMScheduler, false, 4, 0.5, 2, 250",
    "HeunDiscreteScheduler, true, 10, 1, 19, 900",
    "HeunDiscreteScheduler, true, 10, 0.8, 15, 700",
    "HeunDiscreteScheduler, true, 10, 0.1, 1, 0",
    "KDPM2DiscreteScheduler, true, 10, 0.5, 9, 400",
    "KDPM2AncestralDiscreteScheduler, true, 10, 0.5, 9, 400",
    "LMSDiscreteScheduler, true, 10, 0.5, 5, 400",
    "UniPCMultistepScheduler, true, 10, 0.5, 5, 450",
    "DPMSolverSinglestepScheduler, true, 10, 0.5, 5, 500"
  })
  void beginsWhereAStepBegins(
      String scheduler, boolean skipPrkSteps, int steps, double strength, int calls, int first) {
    String config =
        "{\"timestep_spacing\": \"leading\", \"skip_prk_steps\": %s}".formatted(skipPrkSteps);
    Sampling sampling = Sampling.of(Schedulers.of(scheduler, JsonFields.parse(config)), steps);
    List<Float> heard = new ArrayList<>();
    ImageToImage process = new ImageToImage(sampling, steps, strength, IMAGES);
    IMAGES.run(
        (sample, timesteps, labels) -> {
          heard.add(timesteps[0]);
          return new float[sample.length];
        },
        process,
        1,
        0);
    assertEquals(calls, process.calls());
    assertEquals(calls, heard.size());
    assertEquals(first, heard.getFirst(), 0);
  }

  /** From any strength: a step that began in the middle would lead elsewhere. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void pndmFindsThePerfectImageFromAnyStrength(boolean skipPrkSteps) {
    String config = "{\"set_alpha_to_one\": true, \"skip_prk_steps\": %s}".formatted(skipPrkSteps);
    Sampling sampling = Sampling.of(Schedulers.of("pndm", JsonFields.parse(config)), 20);
    for (double strength : new double[] {0.05, 0.4, 0.5, 0.8, 0.85, 0.9, 0.95, 1}) {
      float[] images =
          IMAGES.run(
              new PerfectDenoiser(CONFIG.noiseSchedule(), 0.25f),
              new ImageToImage(sampling, 20, strength, IMAGES),
              3,
              1);
      for (float value : images) {
        assertEquals(0.25f, value, 1e-3f, "strength " + strength);
      }
    }
  }

  /** Few of the timesteps are left, so that there are fewer steps than were asked for. */
  @Test
  void aSchedulerMayHaveFewerSteps() {
    String config = "{\"timestep_spacing\": \"trailing\", \"lambda_min_clipped\": 0}";
    Sampling sampling =
        Sampling.of(Schedulers.of("DPMSolverMultistepScheduler", JsonFields.parse(config)), 10);
    int calls = sampling.calls();
    assertTrue(calls > 1 && calls < 10, calls + " calls");
    assertEquals(calls - 1, new ImageToImage(sampling, 10, 0.9, IMAGES).calls());
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new ImageToImage(sampling, 10, (10 - calls) / 10.0, IMAGES))
            .getMessage();
    assertTrue(message.contains("leaves none of 10 steps"), message);
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
