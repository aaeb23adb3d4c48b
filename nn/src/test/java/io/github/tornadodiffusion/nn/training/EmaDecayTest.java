package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmaDecayTest {
  @ParameterizedTest
  @ValueSource(strings = {"default", "warmup", "after3_min"})
  void decaysAreThoseOfDiffusers(String name) throws IOException {
    JsonFields golden =
        Json.read(Golden.path("train_utils.json"), fields -> fields).object("ema").object(name);
    JsonFields arguments = golden.object("kwargs");
    EmaDecay defaults = EmaDecay.of(arguments.number("decay", 0.9999));
    EmaDecay ema =
        new EmaDecay(
            defaults.decay(),
            arguments.number("min_decay", defaults.minDecay()),
            arguments.integer("update_after_step", defaults.updateAfterStep()),
            arguments.bool("use_ema_warmup", defaults.useEmaWarmup()),
            arguments.number("inv_gamma", defaults.invGamma()),
            arguments.number("power", defaults.power()));
    List<Double> expected = golden.numbersOrNull("decay_at_step", List.of());
    assertFalse(expected.isEmpty());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), ema.at(i + 1), Math.ulp(1.0), "update " + (i + 1));
    }
  }

  @Test
  void growsToTheDecayAndKeepsToTheLeast() {
    assertEquals(0.9999, EmaDecay.of(0.9999).at(1_000_000_000));
    assertEquals(0.5, new EmaDecay(0.9, 0.5, 0, false, 1, 1).at(2));
    assertEquals(0, new EmaDecay(0.9, 0.5, 0, false, 1, 1).at(1));
  }

  @Test
  void rangesAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> EmaDecay.of(1.5));
    assertThrows(IllegalArgumentException.class, () -> EmaDecay.of(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> new EmaDecay(0.9, 0, 0, true, 0, 1));
  }
}
