package io.github.tornadodiffusion.experiments.framework;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptTrainingTest {
  private static final TrainingConfig CONFIG = TrainingConfig.of(Presets.named("digits"), 5, 3);

  private static final Dataset DIGITS = Datasets.open("digits", 8, 1, 0);

  @TempDir Path directory;

  /** Keeps what is unfinished in a directory, or nowhere. */
  private static final RecordedProgram<Training> PROGRAM = Trainer.program(CONFIG, Processes.ALONE);

  private record Sink(Path kept) implements Experiment.Sink {
    @Override
    public void row(String table, Map<String, ?> row) {}

    @Override
    public void picture(String name, byte[] png) {}

    @Override
    public void progress(double share, String details) {}

    @Override
    public Optional<Path> unfinished() {
      return Optional.ofNullable(kept);
    }
  }

  @Test
  void whatWasStoppedGoesOnAndEndsWithTheSameModel() throws IOException {
    try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT)) {
      Object whole;
      try (Trainer trainer =
          KeptTraining.run(engine, CONFIG, DIGITS, PROGRAM, new Sink(null), row -> {})) {
        whole = trainer.parameters();
      }
      Sink sink = new Sink(directory.resolve("unit"));
      List<Integer> steps = new ArrayList<>();
      for (int stop : new int[] {2, 4}) {
        assertThrows(
            CancellationException.class,
            () ->
                KeptTraining.run(
                    engine,
                    CONFIG,
                    DIGITS,
                    PROGRAM,
                    sink,
                    row -> {
                      steps.add(row.step());
                      if (row.step() == stop) {
                        throw new CancellationException();
                      }
                    }));
      }
      try (Trainer trainer =
          KeptTraining.run(engine, CONFIG, DIGITS, PROGRAM, sink, row -> steps.add(row.step()))) {
        assertEquals(whole, trainer.parameters());
        assertEquals(5, trainer.curve().rows().size());
      }
      assertEquals(List.of(1, 2, 3, 4, 5), steps, "no step is done twice");
    }
  }
}
