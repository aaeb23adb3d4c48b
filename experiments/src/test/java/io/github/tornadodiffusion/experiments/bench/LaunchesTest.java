package io.github.tornadodiffusion.experiments.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.training.Training;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every launch makes a GPU wait. */
class LaunchesTest {
  @ParameterizedTest
  @CsvSource({"digits, 64, 500", "unit1, 8, 700", "unit1, 64, 750"})
  void aStepOfTrainingHasFewerLaunches(String preset, int batch, int limit) {
    RecordedProgram<Training> recorded = Workload.training(Presets.named(preset), batch);
    Program step = recorded.program(0, recorded.steps().size());
    int launches = Variants.TILES.of(step, 0).program().calls().size();
    assertTrue(launches < limit, launches + " launches");
  }
}
