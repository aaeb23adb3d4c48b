package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.steps.SamplingState;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Every step of schedulers of random configurations against the steps of diffusers. */
class SchedulerOptionsTest {
  private static final int IMAGES = 2;
  private static final Golden GOLDEN = new Golden("scheduler_options");

  static IntStream cases() {
    return IntStream.range(0, GOLDEN.json().size());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stepsEqualThoseOfDiffusers(int index) {
    JsonNode json = GOLDEN.json().get(index);
    Sampling sampling = sampling(json);
    int[] timesteps = ints(json.get("timesteps"));
    assertArrayEquals(Arrays.stream(timesteps).asDoubleStream().toArray(), sampling.timesteps());
    float[] samples = GOLDEN.tensor(index + ".samples");
    float[] outputs = GOLDEN.tensor(index + ".outputs");
    float[] noises = GOLDEN.tensor(index + ".noises");
    float[] prev = GOLDEN.tensor(index + ".prev");
    float[] original = GOLDEN.tensor(index + ".original");
    int steps = timesteps.length;
    // Beside the double steps the single ones of diffusers itself, as exactly as those go.
    double single = 2 * json.get("single_vs_double").asDouble();
    for (int step = 0; step < steps; step++) {
      SamplingState actual =
          sampling.step(
              step,
              part(outputs, step, steps),
              SamplingState.of(part(samples, step, steps + 1)),
              sampling.call(step).drawsNoise() ? part(noises, step, steps) : null,
              IMAGES);
      String what = "step " + step + " from timestep " + timesteps[step];
      assertClose(part(prev, step, steps), actual.sample(), 1e-6, what);
      assertClose(part(original, step, steps), actual.predOriginalSample(), 1e-6, what);
      assertClose(part(samples, step + 1, steps + 1), actual.sample(), single + 1e-6, what);
    }
  }

  private static Sampling sampling(JsonNode json) {
    String className = json.get("config").get("_class_name").asString();
    Scheduler scheduler = Schedulers.of(className, JsonFields.parse(json.get("config").toString()));
    StepOptions options =
        new StepOptions(
            json.get("eta").asDouble(), json.get("use_clipped_model_output").asBoolean());
    return json.get("custom_timesteps").isNull()
        ? Sampling.of(scheduler, json.get("steps").asInt(), options)
        : Sampling.custom(scheduler, ints(json.get("custom_timesteps")), options);
  }

  private static void assertClose(float[] expected, float[] actual, double tolerance, String what) {
    assertEquals(expected.length, actual.length);
    double magnitude = 1;
    for (float value : expected) {
      magnitude = Math.max(magnitude, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], tolerance * magnitude, what + ", value " + i);
    }
  }

  private static float[] part(float[] values, int index, int count) {
    int length = values.length / count;
    return Arrays.copyOfRange(values, index * length, (index + 1) * length);
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
