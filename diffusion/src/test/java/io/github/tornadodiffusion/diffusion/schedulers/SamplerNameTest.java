package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerNameTest {
  private static final String MULTISTEP = "DPMSolverMultistepScheduler";

  /** As diffusers' table of A1111's and k-diffusion's names has it, and its classes. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dpm++ 2m|DPMSolverMultistepScheduler|algorithm_type dpmsolver++, solver_order 2",
        "DPM++ 2M Karras|DPMSolverMultistepScheduler|algorithm_type dpmsolver++, solver_order 2,"
            + " use_karras_sigmas true",
        "dpmpp_2m_sde|DPMSolverMultistepScheduler|algorithm_type sde-dpmsolver++, solver_order 2",
        "dpmpp-2m-sde-k|DPMSolverMultistepScheduler|algorithm_type sde-dpmsolver++, solver_order 2,"
            + " use_karras_sigmas true",
        "DPM++ 3M|DPMSolverMultistepScheduler|algorithm_type dpmsolver++, solver_order 3",
        "dpm++|DPMSolverMultistepScheduler|algorithm_type dpmsolver++",
        "DPMSolver++|DPMSolverMultistepScheduler|algorithm_type dpmsolver++",
        "dpm solver|DPMSolverMultistepScheduler|algorithm_type dpmsolver, final_sigmas_type"
            + " sigma_min",
        "dpmsolver multistep karras|DPMSolverMultistepScheduler|use_karras_sigmas true",
        "dpm++ sde|DPMSolverSinglestepScheduler|algorithm_type dpmsolver++",
        "DPM++ SDE Karras|DPMSolverSinglestepScheduler|algorithm_type dpmsolver++,"
            + " use_karras_sigmas true",
        "dpm++ 2s|DPMSolverSinglestepScheduler|algorithm_type dpmsolver++, solver_order 2",
        "dpm++ sde exponential|DPMSolverSinglestepScheduler|algorithm_type dpmsolver++,"
            + " timestep_spacing linspace, use_exponential_sigmas true",
        "dpm2|KDPM2DiscreteScheduler|",
        "k_dpm_2|KDPM2DiscreteScheduler|",
        "DPM2 Karras|KDPM2DiscreteScheduler|use_karras_sigmas true",
        "dpm2 a|KDPM2AncestralDiscreteScheduler|",
        "k_dpm_2_ancestral|KDPM2AncestralDiscreteScheduler|",
        "DPM2 a Karras|KDPM2AncestralDiscreteScheduler|use_karras_sigmas true",
        "euler|EulerDiscreteScheduler|",
        "k_euler|EulerDiscreteScheduler|",
        "sample_euler|EulerDiscreteScheduler|",
        "Euler beta|EulerDiscreteScheduler|timestep_spacing linspace, use_beta_sigmas true",
        "euler simple|EulerDiscreteScheduler|timestep_spacing trailing",
        "euler sgm_uniform|EulerDiscreteScheduler|timestep_spacing trailing",
        "euler a|EulerAncestralDiscreteScheduler|",
        "k_euler_a|EulerAncestralDiscreteScheduler|",
        "sample_k_euler_ancestral|EulerAncestralDiscreteScheduler|",
        "euler_ancestral|EulerAncestralDiscreteScheduler|",
        "heun|HeunDiscreteScheduler|",
        "heun karras|HeunDiscreteScheduler|use_karras_sigmas true",
        "lms|LMSDiscreteScheduler|",
        "LMS Karras|LMSDiscreteScheduler|use_karras_sigmas true",
        "plms|PNDMScheduler|skip_prk_steps true",
        "pndm|PNDMScheduler|",
        "DDIM|DDIMScheduler|",
        " ddpm |DDPMScheduler|",
        "unipc|UniPCMultistepScheduler|",
        "uni_pc_bh1|UniPCMultistepScheduler|solver_type bh1",
        "deis|DEISMultistepScheduler|",
        "lcm|LCMScheduler|",
        "HeunDiscreteScheduler|HeunDiscreteScheduler|"
      })
  void namesThatPeopleKnow(String name, String className, String options) {
    SamplerName sampler = SamplerName.of(name);
    assertEquals(className, sampler.className());
    assertEquals(options == null ? "" : options, sampler.optionText());
    assertEquals(
        options == null ? className : className + " with " + options, sampler.description());
    // Every option is one that the class computes, beside any other configuration.
    Schedulers.of(className, JsonFields.parse(Json.write(sampler.options())));
  }

  @ParameterizedTest
  @CsvSource({
    "DPM++ 2S a, 'dpm++ 2s', DPMSolverSinglestepScheduler",
    "dpmpp_2s_ancestral, 'dpm++ 2s', DPMSolverSinglestepScheduler",
    "DPM++ 2S a Karras, 'dpm++ 2s karras', use_karras_sigmas true",
    "DPM++ 3M SDE Karras, 'dpm++ 2m sde karras', sde-dpmsolver++",
    "DPM fast, 'dpm++ 2s', DPMSolverSinglestepScheduler",
    "dpm_adaptive, 'dpm++ 2s', DPMSolverSinglestepScheduler",
    "DPMSolverSDEScheduler, 'dpm++ 2m sde', sde-dpmsolver++",
    "tcd, 'lcm', LCMScheduler",
    "IPNDMScheduler, 'pndm', PNDMScheduler",
    "EDMDPMSolverMultistepScheduler, 'edm euler', EDMEulerScheduler"
  })
  void whatDoesNotExistHereNamesTheNearest(String name, String nearest, String part) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> SamplerName.of(name));
    String message = e.getMessage();
    assertTrue(
        message.startsWith(
            "%s is not implemented here: the nearest sampler is '%s', ".formatted(name, nearest)),
        message);
    assertTrue(message.contains(part), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "k", "karras", "eule", "dpm++ 4m", "euler karras beta", "dpm++ 2m x"})
  void otherNamesListTheClasses(String name) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> SamplerName.of(name));
    assertTrue(e.getMessage().startsWith("Unknown scheduler '" + name + "': "), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "euler a karras, EulerAncestralDiscreteScheduler has no use_karras_sigmas",
    "ddim exponential, DDIMScheduler has no use_exponential_sigmas",
    "plms karras, PNDMScheduler has no use_karras_sigmas",
    "dpm++ sde simple, DPMSolverSinglestepScheduler has no timestep_spacing"
  })
  void aScheduleThatAClassDoesNotHaveIsRefused(String name, String message) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> SamplerName.of(name));
    assertTrue(e.getMessage().startsWith(message), e.getMessage());
  }

  /** An option of the name counts, whatever the model's own file says. */
  @Test
  void optionsReplaceThoseOfTheModel() {
    JsonFields own =
        JsonFields.parse(
            "{\"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 1,"
                + " \"prediction_type\": \"sample\"}");
    Scheduler scheduler =
        Schedulers.of(MULTISTEP, own.with(SamplerName.of("dpm++ 2m karras").options()));
    assertEquals("dpmsolver++", scheduler.fields().get("algorithm_type"));
    assertEquals(2, scheduler.fields().get("solver_order"));
    assertEquals(true, scheduler.fields().get("use_karras_sigmas"));
    assertEquals("sample", scheduler.fields().get("prediction_type"));
  }
}
