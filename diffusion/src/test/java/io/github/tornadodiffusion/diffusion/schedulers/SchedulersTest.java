package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
            + " squaredcos_cap_v2, sigmoid, exp",
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

  @Test
  void keysThatAClassDoesNotKnowAreIgnored() {
    String ddpm = "{\"clip_sample\": true, \"rescale_betas_zero_snr\": true, \"thresholding\": 7}";
    Scheduler lms = Schedulers.of("lms", JsonFields.parse(ddpm));
    assertFalse(lms.config().clipSample());
    assertFalse(lms.config().rescaleBetasZeroSnr());
  }
}
