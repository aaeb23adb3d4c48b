package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.steps.HostRegisters;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.SamplingState;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
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

  /**
   * Of the largest timestep. Where timesteps are found from levels, neighbours are 1e-2 apart in
   * log(sigma), and of the least sigma diffusers has the logarithm with an error of 8e-5.
   */
  private static final double TIMESTEP_TOLERANCE = 1e-5;

  /** Files of trajectories; the names of their cases differ. */
  private static final List<Golden> TRAJECTORIES =
      Stream.of("trajectories", "sigma_schedulers", "multistep_schedulers")
          .map(Golden::new)
          .toList();

  private static final JsonNode TIMESTEPS = Golden.json("timesteps.json").get("entries");

  private static final Golden ADD_NOISE = new Golden("add_noise");

  /** The configuration of timesteps.json's variants. */
  private static final Map<String, String> VARIANTS =
      Map.of(
          "karras",
          ", \"use_karras_sigmas\": true",
          "skip_prk_steps",
          ", \"skip_prk_steps\": true",
          "final_sigma_min",
          ", \"final_sigmas_type\": \"sigma_min\"");

  static Stream<String> trajectories() {
    return TRAJECTORIES.stream()
        .map(golden -> golden.json().get("cases"))
        .flatMap(cases -> cases.propertyNames().stream());
  }

  private static Golden golden(String name) {
    return TRAJECTORIES.stream()
        .filter(golden -> golden.json().get("cases").has(name))
        .findFirst()
        .orElseThrow();
  }

  static Stream<String> spacings() {
    return TIMESTEPS.propertyNames().stream();
  }

  @ParameterizedTest
  @MethodSource("spacings")
  void timestepsEqualThoseOfDiffusers(String key) {
    String[] parts = key.split("\\|");
    JsonNode expected = TIMESTEPS.get(key);
    String config =
        "{\"beta_start\": 0.0001, \"beta_end\": 0.02, \"timestep_spacing\": \"%s\", \"steps_offset\": %s%s}"
            .formatted(parts[1], parts[3], parts.length > 4 ? VARIANTS.get(parts[4]) : "");
    Scheduler scheduler = Schedulers.of(parts[0], JsonFields.parse(config));
    int steps = Integer.parseInt(parts[2]);
    if (expected.has("error")) {
      assertThrows(IllegalArgumentException.class, () -> Sampling.of(scheduler, steps));
      return;
    }
    Sampling sampling = Sampling.of(scheduler, steps);
    double[] timesteps = doubles(expected.get("timesteps"));
    assertTimesteps(timesteps, sampling);
    double scale = expected.get("init_noise_sigma").asDouble();
    assertEquals(scale, sampling.initNoiseSigma(), 1e-4 * scale);
    if (expected.has("sigmas")) {
      double[] sigmas = doubles(expected.get("sigmas"));
      for (int i = 0; i < sampling.calls(); i++) {
        double sigma = sampling.call(i).sigma() / sampling.call(i).signal();
        assertEquals(sigmas[i], sigma, 1e-4 * sigmas[i], "sigma of call " + i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("trajectories")
  void trajectoryEqualsThatOfDiffusers(String name) {
    Golden golden = golden(name);
    JsonNode test = golden.json().get("cases").get(name);
    Sampling sampling = sampling(test).from(test.path("begin").asInt(0));
    assertTimesteps(doubles(test.get("timesteps")), sampling);
    float[] samples = golden.tensor(name + ".samples");
    float[] noises = optional(golden, name + ".noises");
    float[] originals = optional(golden, name + ".pred_original");
    int size = samples.length / (sampling.calls() + 1);

    SamplingState state = SamplingState.of(Arrays.copyOf(samples, size));
    int noisesUsed = 0;
    List<Integer> noisy = Arrays.stream(ints(test.get("noise_steps"))).boxed().toList();
    for (int i = 0; i < sampling.calls(); i++) {
      ModelCall call = sampling.call(i);
      // Noise that is drawn but without influence is not among the data.
      boolean given = noises.length > 0 && noisy.contains(i);
      float[] noise = given ? part(noises, noisesUsed++, size) : null;
      assertEquals(noisy.contains(i), call.drawsNoise(), "draws noise in call " + i);
      float[] output = model(test, sampling.modelInput(i, state), call.timestep());
      state = sampling.step(i, output, state, noise, 1);
      assertClose(part(samples, i + 1, size), state.sample(), "sample after call " + i);
      if (originals.length > 0) {
        assertClose(part(originals, i, size), state.predOriginalSample(), "x_0 at " + i);
      }
    }
    assertEquals(noises.length, noisesUsed * size, "noises used");
  }

  static Stream<String> savedConfigurations() {
    return trajectories()
        .filter(name -> golden(name).json().get("cases").get(name).has("saved_config"));
  }

  @ParameterizedTest
  @MethodSource("savedConfigurations")
  void configurationEqualsThatOfDiffusers(String name) {
    JsonNode test = golden(name).json().get("cases").get(name);
    String className = test.get("class").asString();
    JsonFields config = JsonFields.parse(test.get("config").toString());
    String written = Schedulers.toJson(Schedulers.of(className, config));
    assertEquals(test.get("saved_config"), Golden.parse(written));
    // What it wrote it reads.
    assertEquals(written, Schedulers.toJson(Schedulers.of(className, JsonFields.parse(written))));
  }

  static Stream<String> noisings() {
    JsonNode cases = ADD_NOISE.json().get("cases");
    return cases.propertyNames().stream().filter(name -> cases.get(name).has("timesteps"));
  }

  @ParameterizedTest
  @MethodSource("noisings")
  void noiseEqualsThatOfDiffusers(String name) {
    JsonNode test = ADD_NOISE.json().get("cases").get(name);
    Scheduler scheduler =
        Schedulers.of(
            test.get("class").asString(), JsonFields.parse(test.get("config").toString()));
    Sampling sampling = Sampling.of(scheduler, test.get("set_timesteps").asInt(1000));
    float[] clean = ADD_NOISE.tensor("sample");
    float[] noise = ADD_NOISE.tensor("noise");
    float[] expected = ADD_NOISE.tensor(name + ".add_noise");
    double[] timesteps = doubles(test.get("timesteps"));
    int size = clean.length / timesteps.length;
    for (int i = 0; i < timesteps.length; i++) {
      double timestep = timesteps[i];
      int call =
          IntStream.range(0, sampling.calls())
              .filter(c -> Math.abs(sampling.call(c).timestep() - timestep) < 1e-3)
              .findFirst()
              .orElseThrow();
      float[] noised = sampling.noised(call, part(clean, i, size), part(noise, i, size));
      assertClose(part(expected, i, size), noised, "noised at timestep " + timestep);
    }
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

  @Test
  void messagesNameWhatDoesNotFit() {
    Scheduler scheduler = new DDPMScheduler(SchedulerConfig.DEFAULTS);
    Exception timesteps =
        assertThrows(
            IllegalArgumentException.class,
            () -> Sampling.custom(scheduler, new int[] {1000}, StepOptions.DEFAULTS));
    assertEquals("Timesteps [1000] must be 0 to 999 and fall", timesteps.getMessage());
    Sampling sampling = Sampling.of(scheduler, 10);
    SamplingState state = SamplingState.of(new float[4]);
    Exception output =
        assertThrows(
            IllegalArgumentException.class,
            () -> sampling.step(0, new float[8], state, new float[4], 1));
    assertEquals(
        "The model's output has 8 values where the scheduler needs 4: its out_channels must be the"
            + " sample's channels",
        output.getMessage());
    Exception noise =
        assertThrows(
            IllegalArgumentException.class,
            () -> sampling.step(0, new float[4], state, new float[3], 1));
    assertEquals("3 values of noise for 4 of the sample", noise.getMessage());
  }

  /** On a device an update does what {@link Sampling#noised} does on the host. */
  @Test
  void theUpdateThatNoisesDoesTheSame() {
    Sampling sampling = Sampling.of(new DDPMScheduler(SchedulerConfig.DEFAULTS), 10);
    float[] clean = {-1, 0.5f, 0.25f};
    float[] noise = {2, 1, -1};
    for (int call = 0; call <= sampling.calls(); call++) {
      HostRegisters registers = new HostRegisters(1, 3);
      registers.write(Update.IMAGES, clean);
      registers.write(Update.NOISE, noise);
      registers.apply(List.of(sampling.noising(call, Update.SAMPLE)));
      assertArrayEquals(
          sampling.noised(call, clean, noise), registers.read(Update.SAMPLE, 1), 1e-6f);
    }
  }

  private static Sampling sampling(JsonNode test) {
    Scheduler scheduler =
        Schedulers.of(
            test.get("class").asString(), JsonFields.parse(test.get("config").toString()));
    JsonNode step = test.get("step_kwargs");
    JsonNode set = test.path("set_timesteps_kwargs");
    StepOptions options =
        new StepOptions(
            step.path("eta").asDouble(0),
            step.path("use_clipped_model_output").asBoolean(false),
            new StepOptions.Churn(
                step.path("s_churn").asDouble(0),
                step.path("s_tmin").asDouble(0),
                step.path("s_tmax").asDouble(Double.POSITIVE_INFINITY),
                step.path("s_noise").asDouble(1)),
            step.path("order").asInt(StepOptions.DEFAULTS.order()),
            set.has("mu") ? set.get("mu").asDouble() : null);
    if (set.has("timesteps")) {
      return Sampling.custom(scheduler, ints(set.get("timesteps")), options);
    }
    int steps = test.get("num_inference_steps").asInt(scheduler.config().numTrainTimesteps());
    return Sampling.of(scheduler, steps, options);
  }

  /** The fixed function that stands for a model in the reference data, in float32. */
  private static float[] model(JsonNode test, float[] sample, double timestep) {
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

  private static float[] optional(Golden golden, String tensor) {
    return golden.has(tensor) ? golden.tensor(tensor) : new float[0];
  }

  private static float[] part(float[] values, int index, int size) {
    return Arrays.copyOfRange(values, index * size, (index + 1) * size);
  }

  private static double[] doubles(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  private static int[] ints(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static void assertTimesteps(double[] expected, Sampling sampling) {
    double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    double tolerance = TIMESTEP_TOLERANCE * largest;
    assertArrayEquals(expected, sampling.timesteps(), Math.max(tolerance, Double.MIN_VALUE));
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
