package io.github.tornadodiffusion.experiments.framework;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.nn.io.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class RecordedOptionsTest {
  private static final String CONFIGURATION =
      """
      {"experiment": "%s", "configuration": {"seeds": 2, "samples": 8, "sample_steps": [5, 10],
       "bound_timesteps": 3, "denoised_images": 4, "classifier_steps": 20, "batches": [1, 8],
       "runs": 6, "training_images": 80, "held_out_images": 20, "training": {"steps": 7}}}
      """;

  private static JsonNode run(String experiment) {
    return Json.tree(CONFIGURATION.formatted(experiment));
  }

  private static String added(String experiment, String... given) {
    List<String> all = RecordedOptions.with(List.of(given), run(experiment));
    assertEquals(List.of(given), all.subList(0, given.length));
    return String.join(" ", all.subList(given.length, all.size()));
  }

  @Test
  void whatQuickDecidedIsGivenAgain() {
    assertEquals(
        "--seeds 2 --steps 7 --samples 8 --sample-steps 5,10 --classifier-steps 20"
            + " --bound-timesteps 3 --held-out-images 4 --images 100",
        added("schedules", "experiment", "schedules", "--quick"));
    assertEquals(
        "--steps 7 --samples 8 --classifier-steps 20 --bound-timesteps 3 --held-out-images 4",
        added("prediction", "--quick", "--seeds", "2", "--sample-steps=5,10", "--images", "100"));
  }

  @Test
  void anExperimentGetsOnlyOptionsOfItsOwn() {
    String devices = added("devices", "experiment", "devices", "--quick");
    assertEquals("--batches 1,8 --runs 6", devices.replace(" --images 100", ""));
    assertEquals("", added("min-snr", "experiment", "min-snr", "--quick"));
  }

  @Test
  void withoutQuickNothingWasDecided() {
    assertEquals("", added("schedules", "experiment", "schedules", "--seeds", "2"));
  }
}
