package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Trainable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The update of a training step against its formulas in double precision. */
class UpdateTest {
  private static final int FLOATS = 48;
  private static final double RATE = 0.01;
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.99;
  private static final double DECAY = 0.1;
  private static final double EMA = 0.75;

  private static float[] values(double factor) {
    float[] values = new float[FLOATS];
    for (int i = 0; i < FLOATS; i++) {
      values[i] = (float) (factor * Math.sin(1.0 + i * i));
    }
    return values;
  }

  /** AdamW by Loshchilov and Hutter, algorithm 2, with a constant gradient, then the average. */
  @ParameterizedTest
  @ValueSource(floats = {0, 0.5f})
  void twoStepsOfAdamW(float maxGradNorm) {
    float[] gradients = values(2);
    double norm = 0;
    for (float gradient : gradients) {
      norm += (double) gradient * gradient;
    }
    norm = Math.sqrt(norm);
    double scale = maxGradNorm == 0 ? 1 : maxGradNorm / (norm + 1e-6);
    double[] parameters = new double[FLOATS];
    double[] average = new double[FLOATS];
    for (int i = 0; i < FLOATS; i++) {
      parameters[i] = values(1)[i];
      average[i] = values(3)[i];
      double m = 0;
      double v = 0;
      for (int step = 1; step <= 2; step++) {
        double g = scale * gradients[i];
        m = BETA1 * m + (1 - BETA1) * g;
        v = BETA2 * v + (1 - BETA2) * g * g;
        double mHat = m / (1 - Math.pow(BETA1, step));
        double vHat = v / (1 - Math.pow(BETA2, step));
        parameters[i] -= RATE * (mHat / (Math.sqrt(vHat) + 1e-8) + DECAY * parameters[i]);
        average[i] = EMA * average[i] + (1 - EMA) * parameters[i];
      }
    }
    UpdateSteps update = update(true, false);
    try (LoadedProgram loaded = load(update)) {
      loaded.write(update.parameters(), values(1));
      loaded.write(update.ema(), values(3));
      loaded.write(update.gradients(), gradients);
      for (int step = 1; step <= 2; step++) {
        loaded.write(update.block(), hyper(step, maxGradNorm));
        loaded.run();
        float[] after = loaded.read(update.block(), UpdateBlock.SIZE);
        assertEquals(norm, UpdateBlock.gradNorm(after), 1e-5 * norm);
      }
      assertClose(parameters, loaded.read(update.parameters(), FLOATS));
      assertClose(average, loaded.read(update.ema(), FLOATS));
      assertArrayEquals(gradients, loaded.read(update.gradients(), FLOATS), "they stay");
    }
  }

  @Test
  void gradientsThatAddUpAreClearedAfterTheirUse() {
    UpdateSteps update = update(false, true);
    try (LoadedProgram loaded = load(update)) {
      loaded.write(update.gradients(), values(1));
      loaded.write(update.block(), hyper(1, 0));
      loaded.run();
      assertArrayEquals(new float[FLOATS], loaded.read(update.gradients(), FLOATS));
      float[] moments = loaded.read(update.states().getFirst(), FLOATS);
      for (int i = 0; i < FLOATS; i++) {
        assertEquals(0.1 * values(1)[i], moments[i], 1e-7);
      }
    }
  }

  @Test
  void whatIsNotAskedForIsNoStep() {
    assertEquals(List.of("clip", "AdamW"), labels(update(false, false)));
    assertEquals(List.of("clip", "AdamW", "clear gradients", "EMA"), labels(update(true, true)));
  }

  private static UpdateSteps update(boolean ema, boolean clear) {
    return UpdateSteps.of(
        Buffer.persistent("parameters", FLOATS),
        new Training.Options(new AdamW(1), Trainable.ALL, ema, clear));
  }

  private static List<String> labels(UpdateSteps update) {
    return steps(update).list().stream().map(Step::label).toList();
  }

  private static Steps steps(UpdateSteps update) {
    Steps steps = new Steps();
    update.addTo(steps, new AdamW(1));
    return steps;
  }

  private static LoadedProgram load(UpdateSteps update) {
    Steps steps = steps(update);
    RecordedProgram.Part part =
        new RecordedProgram.Part("update", 0, steps.size(), List.of(), List.of());
    Graph graph = new Graph(new Parameters(), Trainable.ALL, Graph.Mode.TRAINING);
    return new RecordedProgram<>(
            BatchShape.of(1), graph, steps, List.of(part), List::of, loaded -> loaded)
        .open(TestEngine.ENGINE, Map.of());
  }

  private static float[] hyper(int step, float maxGradNorm) {
    AdamW adamW = new AdamW((float) RATE, (float) BETA1, (float) BETA2, 1e-8f, (float) DECAY);
    return UpdateBlock.of(new OptimizerStep(adamW, step, maxGradNorm, (float) EMA));
  }

  private static void assertClose(double[] expected, float[] actual) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], 2e-6, "value " + i);
    }
  }
}
