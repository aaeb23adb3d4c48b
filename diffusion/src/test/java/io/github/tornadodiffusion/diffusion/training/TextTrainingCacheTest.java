package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.TestDevice;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hidden states are kept where they fit, or computed in every step: the training is the same. */
class TextTrainingCacheTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theTextEncoderMayBePartOfAStep(boolean lora) throws Exception {
    Path path = Path.of(getClass().getResource("/golden/sd_tiny/model_index.json").toURI());
    StableDiffusionModel base = StableDiffusionModel.read(path.getParent(), null);
    Dataset images = Datasets.open("butterflies:4", 16, 3, 1);
    TextTraining.Settings settings =
        new TextTraining.Settings(
            "text-to-image",
            base,
            null,
            images,
            List.of("snow", "a photo of a cat"),
            true,
            2,
            2,
            false,
            Optimization.constant(1e-3),
            3,
            TrainingVariant.PLAIN);
    TextTraining.Trained trained =
        new TextTraining.Trained(
            false,
            lora ? new TextTraining.LoraOptions(2, 2, List.of("to_q"), List.of("q_proj")) : null,
            null);
    TextTraining kept = new TextTraining(settings, trained, null);
    TextTraining anew = new TextTraining(settings, trained, null, 0);
    assertEquals(kept.trainedCount(), anew.trainedCount());
    assertTrue(kept.parameterCount() < anew.parameterCount());
    try (Engine engine = TestDevice.open();
        Trainer first = new Trainer(engine, kept, images);
        Trainer second = new Trainer(engine, anew, images)) {
      first.run(row -> {});
      second.run(row -> {});
      for (int i = 0; i < 2; i++) {
        double loss = first.curve().rows().get(i).loss();
        assertEquals(loss, second.curve().rows().get(i).loss(), 1e-5 * loss);
      }
      Map<String, HostTensor> frozen = second.parameters();
      assertEquals(
          base.textParameters(
                  0,
                  anew.objective().parameters().specs().stream()
                      .filter(spec -> spec.name().startsWith("text_model."))
                      .toList())
              .get("text_model.final_layer_norm.weight"),
          frozen.get("text_model.final_layer_norm.weight"));
    }
  }
}
