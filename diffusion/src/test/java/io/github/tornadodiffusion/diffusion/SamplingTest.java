package io.github.tornadodiffusion.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.nn.JsonFields;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Timesteps and whole trajectories against those of diffusers 0.27.2. */
class SamplingTest {
  /**
   * Of the largest value of a sample. diffusers computes 1 - alphasCumprod in float32, which at the
   * last timesteps, where it is 1e-4, is off by up to 6e-4 of itself; the worst case differs by
   * 2.6e-5, most by a tenth of that.
   */
  private static final double TOLERANCE = 3e-5;

  private static final Golden TRAJECTORIES = new Golden("trajectories");
  private static final JsonNode TIMESTEPS = Golden.json("timesteps.json").get("entries");

  static Stream<String> trajectories() {
    return TRAJECTORIES.json().get("cases").propertyNames().stream();
  }

  static Stream<String> spacings() {
    return TIMESTEPS.propertyNames().stream();
  }

  @ParameterizedTest
  @MethodSource("spacings")
  void timestepsEqualThoseOfDiffusers(String key) {
    String[] parts = key.split("\\|");
    String config =
        "{\"timestep_spacing\": \"%s\", \"steps_offset\": %s}".formatted(parts[1], parts[3]);
    Scheduler scheduler = Schedulers.of(parts[0], JsonFields.parse(config));
    assertArrayEquals(
        ints(TIMESTEPS.get(key).get("timesteps")),
        Sampling.of(scheduler, Integer.parseInt(parts[2])).timesteps());
  }

  @ParameterizedTest
  @MethodSource("trajectories")
  void trajectoryEqualsThatOfDiffusers(String name) {
    JsonNode test = TRAJECTORIES.json().get("cases").get(name);
    Sampling sampling = sampling(test);
    assertArrayEquals(ints(test.get("timesteps")), sampling.timesteps());
    float[] samples = TRAJECTORIES.tensor(name + ".samples");
    float[] noises = optional(name + ".noises");
    float[] originals = optional(name + ".pred_original");
    int size = samples.length / (sampling.steps() + 1);

    float[] sample = Arrays.copyOf(samples, size);
    int noisesUsed = 0;
    for (int step = 0; step < sampling.steps(); step++) {
      float[] noise = sampling.addsNoise(step) ? part(noises, noisesUsed++, size) : null;
      float[] output = model(test, sample, sampling.timesteps()[step]);
      Scheduler.Step result = sampling.step(step, output, sample, noise, 1);
      sample = result.prevSample();
      assertClose(part(samples, step + 1, size), sample, "sample after step " + step);
      if (originals.length > 0) {
        assertClose(part(originals, step, size), result.predOriginalSample(), "x_0 at " + step);
      }
    }
    assertEquals(noises.length, noisesUsed * size, "noises used");
  }

  @Test
  void customTimestepsMustFall() {
    Scheduler scheduler = new DDPMScheduler(SchedulerConfig.DEFAULTS);
    for (int[] wrong : new int[][] {{}, {1000}, {5, 5}, {5, 6}, {5, -1}}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> Sampling.custom(scheduler, wrong, StepOptions.DEFAULTS),
          Arrays.toString(wrong));
    }
  }

  private static Sampling sampling(JsonNode test) {
    Scheduler scheduler =
        Schedulers.of(
            test.get("class").asString(), JsonFields.parse(test.get("config").toString()));
    JsonNode step = test.get("step_kwargs");
    StepOptions options =
        new StepOptions(
            step.path("eta").asDouble(0), step.path("use_clipped_model_output").asBoolean(false));
    if (test.has("set_timesteps_kwargs")) {
      int[] timesteps = ints(test.get("set_timesteps_kwargs").get("timesteps"));
      return Sampling.custom(scheduler, timesteps, options);
    }
    int steps = test.get("num_inference_steps").asInt(scheduler.config().numTrainTimesteps());
    return Sampling.of(scheduler, steps, options);
  }

  /** The fixed function that stands for a model in the reference data, in float32. */
  private static float[] model(JsonNode test, float[] sample, int timestep) {
    String function = test.get("model_fn").asString();
    boolean steep = function.startsWith("model_output = input*0.9 + cos(t/200)*0.05");
    boolean variance = function.contains("concatenated on channels with clamp(input*0.3,-1,1)");
    float slope = steep ? 0.9f : 0.1f;
    double wave = steep ? Math.cos(timestep / 200.0) : Math.sin(timestep / 100.0);
    float[] output = new float[variance ? 2 * sample.length : sample.length];
    for (int i = 0; i < sample.length; i++) {
      output[i] = sample[i] * slope + (float) (wave * 0.05);
      if (variance) {
        output[sample.length + i] = Math.clamp(sample[i] * 0.3f, -1f, 1f);
      }
    }
    return output;
  }

  private static float[] optional(String tensor) {
    return TRAJECTORIES.has(tensor) ? TRAJECTORIES.tensor(tensor) : new float[0];
  }

  private static float[] part(float[] values, int index, int size) {
    return Arrays.copyOfRange(values, index * size, (index + 1) * size);
  }

  private static int[] ints(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static void assertClose(float[] expected, float[] actual, String what) {
    double largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], TOLERANCE * largest, what + ", element " + i);
    }
  }
}
