package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulersTest {
  @TempDir private Path directory;

  private Path file(String json) throws IOException {
    return Files.writeString(directory.resolve("scheduler_config.json"), json);
  }

  /** In the format of diffusers 0.27.2, every value away from its default. */
  private static final String DDIM =
      """
      {
        "_class_name": "DDIMScheduler",
        "_diffusers_version": "0.27.2",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "clip_sample": false,
        "clip_sample_range": 2.0,
        "dynamic_thresholding_ratio": 0.9,
        "num_train_timesteps": 3,
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": true,
        "sample_max_value": 1.5,
        "set_alpha_to_one": false,
        "steps_offset": 1,
        "thresholding": true,
        "timestep_spacing": "trailing",
        "trained_betas": [
          0.1,
          0.2,
          0.3
        ]
      }
      """;

  @Test
  void writesWhatItRead() throws IOException {
    Scheduler scheduler = Schedulers.read(file(DDIM));
    assertEquals(DDIM, Schedulers.toJson(scheduler));
    assertEquals(0, scheduler.noiseSchedule().alphaCumprod(2));
  }

  @Test
  void anotherClassTakesTheKeysItKnows() throws IOException {
    Path file = file(DDIM);
    Scheduler ddpm = Schedulers.read(file, "ddpm");
    assertEquals(Schedulers.read(file).config(), ddpm.config());
    assertEquals(VarianceType.FIXED_SMALL, ((DDPMScheduler) ddpm).varianceType());
    DDIMScheduler back = (DDIMScheduler) Schedulers.convert(ddpm, "DDIMScheduler");
    assertEquals(ddpm.config(), back.config());
    assertEquals(true, back.setAlphaToOne());
  }

  @Test
  void missingKeysHaveTheirDefaults() {
    Scheduler ddim = Schedulers.of("DDIMScheduler", JsonFields.parse("{}"));
    assertEquals(SchedulerConfig.DEFAULTS, ddim.config());
    assertFalse(Schedulers.toJson(ddim).contains("variance_type"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"_class_name\": \"PlainScheduler\"}"
            + "|Unknown scheduler 'PlainScheduler': choose one of CLASSES",
        "{\"_class_name\": \"DDPMScheduler\", \"beta_schedule\": \"cosine\"}"
            + "|Unknown beta_schedule 'cosine': choose one of linear, scaled_linear,"
            + " squaredcos_cap_v2, sigmoid, exp, laplace",
        "{\"_class_name\": \"DDPMScheduler\", \"num_train_timesteps\": 0}"
            + "|num_train_timesteps is 0: it must be from 1 to 1000000",
        "{\"_class_name\": \"DDPMScheduler\", \"num_train_timesteps\": 2000000000}"
            + "|num_train_timesteps is 2000000000: it must be from 1 to 1000000",
        "{}|there is no _class_name: it must be one of CLASSES",
        "{\"_class_name\": \"DDPMScheduler\", \"trained_betas\": [0.5]}"
            + "|trained_betas is 1 values: it must be at least 1000 values, num_train_timesteps",
        "{\"_class_name\": \"DDPMScheduler\", \"clip_sample_range\": -1}"
            + "|clip_sample_range is -1.0: it must be above 0",
        "{\"_class_name\": \"DDPMScheduler\", \"beta_start\": 1.5}"
            + "|beta_start is 1.5: it must be from 0 to 1",
        "{\"_class_name\": \"DDPMScheduler\", \"beta_end\": -0.5}"
            + "|beta_end is -0.5: it must be from 0 to 1",
        "{\"_class_name\": \"DDPMScheduler\", \"sample_max_value\": 0}"
            + "|sample_max_value is 0.0: it must be above 0",
        "{\"_class_name\": \"DDPMScheduler\", \"clip_sample_range\": 0}"
            + "|clip_sample_range is 0.0: it must be above 0",
        "{\"_class_name\": \"DDPMScheduler\", \"dynamic_thresholding_ratio\": 1.5}"
            + "|dynamic_thresholding_ratio is 1.5: it must be from 0 to 1",
        "{\"_class_name\": \"DDPMScheduler\", \"steps_offset\": 1001}"
            + "|steps_offset is 1001: it must be from 0 to num_train_timesteps",
        "{\"_class_name\": \"DDPMScheduler\", \"steps_offset\": -1}"
            + "|steps_offset is -1: it must be from 0 to num_train_timesteps",
        "{\"_class_name\": \"EulerDiscreteScheduler\", \"sigma_max\": 0}"
            + "|sigma_min is null and sigma_max is 0.0: they must be above 0, or null",
        "{\"_class_name\": \"EulerDiscreteScheduler\", \"interpolation_type\": \"cubic\"}"
            + "|Unknown interpolation_type 'cubic': choose one of linear, log_linear",
        "{\"_class_name\": \"HeunDiscreteScheduler\", \"use_karras_sigmas\": true,"
            + " \"use_beta_sigmas\": true}"
            + "|use_karras_sigmas and use_beta_sigmas are both true: choose one",
        "{\"_class_name\": \"EDMEulerScheduler\", \"sigma_min\": 90}|sigma_min is 90.0 and"
            + " sigma_max is 80.0: 0 must be below both, and sigma_max not the lower",
        "{\"_class_name\": \"EDMEulerScheduler\", \"rho\": 0.001}"
            + "|sigma_data is 0.5 and rho is 0.001: they must be above 0, rho not close to it",
        "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", \"shift\": 0}"
            + "|shift is 0.0: it must be above 0",
        "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", \"shift_terminal\": 1}"
            + "|shift_terminal is 1.0: it must be from 0 to below 1, or null",
        "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", \"invert_sigmas\": true,"
            + " \"stochastic_sampling\": true}"
            + "|invert_sigmas and stochastic_sampling are both true: the noise would not go away",
        "{\"_class_name\": \"DDPMScheduler\", \"variance_type\": \"large\"}"
            + "|Unknown variance_type 'large': choose one of fixed_small, fixed_small_log,"
            + " fixed_large, fixed_large_log, learned, learned_range",
      })
  void refusesInOneLine(String json, String message) throws IOException {
    Path file = file(json);
    Exception e = assertThrows(IOException.class, () -> Schedulers.read(file));
    String classes = String.join(", ", Schedulers.CLASS_NAMES);
    assertEquals(file + ": " + message.replace("CLASSES", classes), e.getMessage());
  }

  @Test
  void theLimitsThemselvesAreAllowed() {
    SchedulerConfig least =
        Schedulers.of(
                "ddpm",
                JsonFields.parse(
                    """
                    {"num_train_timesteps": 1, "beta_start": 1, "beta_end": 0,
                     "dynamic_thresholding_ratio": 0, "steps_offset": 1}
                    """))
            .config();
    assertEquals(1, least.numTrainTimesteps());
    SchedulerConfig most =
        Schedulers.of(
                "ddpm",
                JsonFields.parse(
                    """
                    {"num_train_timesteps": 1000000, "beta_start": 0, "beta_end": 1,
                     "dynamic_thresholding_ratio": 1, "steps_offset": 1000000}
                    """))
            .config();
    assertEquals(1_000_000, most.stepsOffset());
    assertEquals(1, most.betaEnd());
  }

  @ParameterizedTest
  @CsvSource({
    "ddim, DDIMScheduler",
    "DDPMscheduler, DDPMScheduler",
    "euler, EulerDiscreteScheduler",
    "Euler Discrete, EulerDiscreteScheduler",
    "euler-a, EulerAncestralDiscreteScheduler",
    "euler_ancestral, EulerAncestralDiscreteScheduler",
    "EulerAncestralDiscreteScheduler, EulerAncestralDiscreteScheduler",
    "heun, HeunDiscreteScheduler",
    "LMS, LMSDiscreteScheduler",
    "kdpm2, KDPM2DiscreteScheduler",
    "kdpm2 a, KDPM2AncestralDiscreteScheduler",
    "edm-euler, EDMEulerScheduler",
    "flow_match_euler_discrete, FlowMatchEulerDiscreteScheduler",
  })
  void shortNames(String name, String className) {
    assertEquals(className, Schedulers.className(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "discrete", "eule", "euler_singlestep", "ancestral"})
  void unknownNamesListTheClasses(String name) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Schedulers.className(name));
    assertEquals(
        "Unknown scheduler '%s': choose one of %s"
            .formatted(name, String.join(", ", Schedulers.CLASS_NAMES)),
        e.getMessage());
  }

  /** What no release of diffusers has, or no class here computes, is refused by name. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DDIMScheduler|\"a_key_of_the_future\": 1|a_key_of_the_future is not a key of diffusers'"
            + " schedulers, and what it changes is not computed: remove it if the images do not"
            + " depend on it",
        "EulerDiscreteScheduler|\"snr_shift_scale\": 3.0|snr_shift_scale is not a key of",
        "DDPMScheduler|\"predict_epsilon\": false|predict_epsilon is false, which newer releases"
            + " call prediction_type sample: put that in its place",
        "DPMSolverMultistepScheduler|\"use_flow_sigmas\": true, \"use_karras_sigmas\":"
            + " true|use_flow_sigmas and use_karras_sigmas are both true, and levels of flows are"
            + " below 1",
        "DPMSolverMultistepScheduler|\"use_flow_sigmas\": true, \"use_lu_lambdas\": true|"
            + "use_flow_sigmas and use_exponential_sigmas are both true",
        "UniPCMultistepScheduler|\"use_flow_sigmas\": true, \"use_beta_sigmas\": true|"
            + "use_flow_sigmas and use_beta_sigmas are both true",
        "DEISMultistepScheduler|\"use_flow_sigmas\": true, \"prediction_type\": \"v_prediction\"|"
            + "prediction_type v_prediction is for levels whose",
        "DPMSolverSinglestepScheduler|\"use_flow_sigmas\": true, \"algorithm_type\": \"dpmsolver\","
            + " \"final_sigmas_type\": \"sigma_min\", \"prediction_type\": \"flow_prediction\"|"
            + "prediction_type flow_prediction is for solvers of x_0",
        "DEISMultistepScheduler|\"use_flow_sigmas\": true, \"flow_shift\": 0|shift is 0.0",
        "UniPCMultistepScheduler|\"use_flow_sigmas\": true, \"predict_x0\": false|"
            + "final_sigmas_type zero does not go with predict_x0 false",
        "UniPCMultistepScheduler|\"use_dynamic_shifting\": true|use_dynamic_shifting is for"
            + " use_flow_sigmas: make both true or both false",
        "UniPCMultistepScheduler|\"shift_terminal\": 0.1|shift_terminal is for use_flow_sigmas",
        "UniPCMultistepScheduler|\"prediction_type\": \"flow_prediction\"|prediction_type"
            + " flow_prediction is for solvers with use_flow_sigmas: set that, or choose one of"
            + " epsilon, sample, v_prediction",
        "DDPMScheduler|\"prediction_type\": \"flow_prediction\", \"use_flow_sigmas\": true|"
            + "prediction_type flow_prediction is for solvers with use_flow_sigmas",
        "UniPCMultistepScheduler|\"final_sigmas_type\": \"zero\", \"predict_x0\": false|"
            + "final_sigmas_type zero does not go with predict_x0 false: choose sigma_min",
        "UniPCMultistepScheduler|\"final_sigmas_type\": \"last\"|Unknown final_sigmas_type"
            + " 'last': choose one of zero, sigma_min",
        "UniPCMultistepScheduler|\"sigma_min\": 9, \"sigma_max\": 3, \"use_karras_sigmas\":"
            + " true|the levels go from sigma_min 9.0 to sigma_max 3.0",
        "EDMEulerScheduler|\"sigma_schedule\": \"linear\"|Unknown sigma_schedule 'linear': choose"
            + " one of karras, exponential",
        "EDMEulerScheduler|\"final_sigmas_type\": null|final_sigmas_type is null",
        "EulerDiscreteScheduler|\"final_sigmas_type\": \"none\"|Unknown final_sigmas_type",
        "DPMSolverSinglestepScheduler|\"algorithm_type\": \"sde-dpmsolver\"|Unknown"
            + " algorithm_type 'sde-dpmsolver'",
        "DPMSolverMultistepScheduler|\"algorithm_type\": \"sde-dpmsolver\", \"solver_order\": 3|"
            + "solver_order 3 does not go with algorithm_type sde-dpmsolver: choose 1 or 2",
        "DDPMScheduler|\"beta_start\": null|beta_start is null; it must be a number",
        "DDPMScheduler|\"steps_offset\": null|steps_offset is null; it must be an integer",
        "DDPMScheduler|\"clip_sample_range\": null, \"clip_sample\": true|clip_sample_range is"
            + " null",
      })
  void keysThatNobodyComputesAreRefused(String className, String key, String message)
      throws IOException {
    Path file = file("{\"_class_name\": \"%s\", %s}".formatted(className, key));
    Exception e = assertThrows(IOException.class, () -> Schedulers.read(file));
    assertTrue(e.getMessage().startsWith(file + ": " + message), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  static List<String> classes() {
    return Schedulers.CLASS_NAMES;
  }

  /** Of other classes, of early releases, of nothing, and notes. */
  @ParameterizedTest
  @MethodSource("classes")
  void keysThatChangeNothingAreIgnored(String className) {
    JsonFields fields =
        JsonFields.parse(
            """
            {"_name_or_path": "x", "a_key_of_the_future": null, "tensor_format": "pt",
             "predict_epsilon": true, "timestep_values": null, "skip_prk_steps": null,
             "noise_sampler_seed": 3, "use_flow_sigmas": false, "flow_shift": 3.0,
             "use_dynamic_shifting": false, "time_shift_type": "exponential",
             "shift_terminal": null}
            """);
    assertEquals(
        Schedulers.toJson(Schedulers.of(className, JsonFields.parse("{}"))),
        Schedulers.toJson(Schedulers.of(className, fields)));
  }

  /** As Python takes None where something is true or false. */
  @ParameterizedTest
  @MethodSource("classes")
  void nullIsFalse(String className) {
    Map<String, Object> fields = Schedulers.of(className, JsonFields.parse("{}")).fields();
    Map<String, Object> isNull = new TreeMap<>();
    Map<String, Object> isFalse = new TreeMap<>();
    fields.forEach((key, value) -> {
      if (value instanceof Boolean) {
        isNull.put(key, null);
        isFalse.put(key, false);
      }
    });
    JsonFields none = JsonFields.parse("{}");
    assertEquals(
        Schedulers.toJson(Schedulers.of(className, none.with(isFalse))),
        Schedulers.toJson(Schedulers.of(className, none.with(isNull))));
  }

  /** What is not computed with may be null, as diffusers writes and takes it. */
  @Test
  void nullStandsForWhatIsNotUsed() {
    Scheduler ddpm =
        Schedulers.of(
            "ddpm",
            JsonFields.parse(
                """
                {"num_train_timesteps": 2, "trained_betas": [0.1, 0.2], "beta_start": null,
                 "beta_end": null, "beta_schedule": null, "clip_sample": false,
                 "clip_sample_range": null, "dynamic_thresholding_ratio": null,
                 "sample_max_value": null, "timestep_spacing": "trailing", "steps_offset": null,
                 "variance_type": null}
                """));
    assertEquals(0.9 * 0.8, ddpm.noiseSchedule().alphaCumprod(1), 1e-15);
    assertEquals(VarianceType.FIXED_SMALL, ((DDPMScheduler) ddpm).varianceType());
    Scheduler cosine =
        Schedulers.of(
            "ddim",
            JsonFields.parse("{\"beta_schedule\": \"squaredcos_cap_v2\", \"beta_end\": null}"));
    assertEquals(BetaSchedule.SQUAREDCOS_CAP_V2, cosine.config().betaSchedule());
    Schedulers.of(
        "FlowMatchEulerDiscreteScheduler",
        JsonFields.parse("{\"base_image_seq_len\": null, \"max_image_seq_len\": null}"));
    DDIMInverseScheduler inverse =
        (DDIMInverseScheduler)
            Schedulers.of(
                "DDIMInverseScheduler",
                JsonFields.parse("{\"set_alpha_to_zero\": null, \"set_alpha_to_one\": false}"));
    assertEquals(false, inverse.fields().get("set_alpha_to_one"));
  }

  /** Every pair of classes, by way of the file and of the scheduler. */
  @ParameterizedTest
  @MethodSource("classes")
  void modelsOfOneKindAreNotSampledAsThoseOfAnother(String from) throws IOException {
    Set<String> own =
        Set.of(
            "EDMEulerScheduler",
            "FlowMatchEulerDiscreteScheduler",
            "CMStochasticIterativeScheduler");
    Scheduler scheduler = Schedulers.of(from, JsonFields.parse("{}"));
    Path file = file(Schedulers.toJson(scheduler));
    for (String to : Schedulers.CLASS_NAMES) {
      boolean fits = from.equals(to) || !own.contains(from) && !own.contains(to);
      assertEquals(fits, Schedulers.isConvertible(from, to));
      if (fits) {
        if (!to.equals("DDIMInverseScheduler")) {
          // Which does not know the spacing that most others begin with.
          assertEquals(to, Schedulers.convert(scheduler, to).className());
          assertEquals(to, Schedulers.read(file, to).className());
        }
        continue;
      }
      String message = "a model for %s cannot be sampled with %s,".formatted(from, to);
      Exception convert =
          assertThrows(IllegalArgumentException.class, () -> Schedulers.convert(scheduler, to));
      assertTrue(convert.getMessage().startsWith(message), convert.getMessage());
      Exception read = assertThrows(IOException.class, () -> Schedulers.read(file, to));
      assertTrue(read.getMessage().startsWith(file + ": " + message), read.getMessage());
    }
  }

  /** What nobody knows here is for models that nobody knows here either. */
  @Test
  void classesThatDoNotExistHereAreOfTheirOwnKind() throws IOException {
    Path edm = file("{\"_class_name\": \"EDMDPMSolverMultistepScheduler\"}");
    Exception e = assertThrows(IOException.class, () -> Schedulers.read(edm, "ddim"));
    assertTrue(e.getMessage().contains("a model for EDMDPMSolverMultistep"), e.getMessage());
    Path related = file("{\"_class_name\": \"DPMSolverSDEScheduler\"}");
    assertEquals("DDIMScheduler", Schedulers.read(related, "ddim").className());
  }

  @Test
  void keysThatAClassDoesNotKnowAreIgnored() {
    String ddpm = "{\"clip_sample\": true, \"rescale_betas_zero_snr\": true, \"thresholding\": 7}";
    Scheduler lms = Schedulers.of("lms", JsonFields.parse(ddpm));
    assertFalse(lms.config().clipSample());
    assertFalse(lms.config().rescaleBetasZeroSnr());
  }
}
