package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule.Kind;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LearningRateScheduleTest {
  @ParameterizedTest
  @EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PIECEWISE_CONSTANT")
  void ratesAreThoseOfDiffusers(Kind kind) throws IOException {
    JsonFields golden =
        Json.read(Golden.path("train_utils.json"), fields -> fields)
            .object("lr_schedules")
            .object(kind.id());
    double base = golden.number("base_lr", 0);
    LearningRateSchedule defaults =
        LearningRateSchedule.of(
            kind,
            base,
            golden.integer("num_warmup_steps", -1),
            golden.integer("num_training_steps", -1));
    LearningRateSchedule schedule =
        new LearningRateSchedule(
            kind,
            base,
            defaults.warmupSteps(),
            defaults.trainingSteps(),
            golden.number("num_cycles", defaults.numCycles()),
            golden.number("power", defaults.power()),
            null);
    List<Double> expected = golden.numbersOrNull("lr_used_at_step", List.of());
    assertFalse(expected.isEmpty());
    for (int step = 0; step < expected.size(); step++) {
      // two roundings of a number below base
      assertEquals(expected.get(step), schedule.at(step), 2 * Math.ulp(base), "step " + step);
    }
  }

  @Test
  void piecewiseConstantChangesAtItsSteps() {
    LearningRateSchedule schedule = LearningRateSchedule.piecewiseConstant(2, "1:10,0.1:20,0.01");
    assertEquals(2, schedule.at(0));
    assertEquals(2, schedule.at(9));
    assertEquals(0.2, schedule.at(10), 1e-15);
    assertEquals(0.2, schedule.at(19), 1e-15);
    assertEquals(0.02, schedule.at(20), 1e-15);
    assertEquals(2 * 0.5, LearningRateSchedule.piecewiseConstant(2, "0.5").at(7));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1:10", "a:10,1", "1:b,1", "1,2", "1:2:3,4", ":,1"})
  void unreadableRulesAreRefused(String rules) {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> LearningRateSchedule.piecewiseConstant(1, rules));
    assertTrue(e.getMessage().contains("cannot be read; write them as"), e.getMessage());
  }

  @Test
  void anEmptyDecayIsNoDivisionByZero() {
    for (Kind kind :
        List.of(Kind.LINEAR, Kind.COSINE, Kind.COSINE_WITH_RESTARTS, Kind.POLYNOMIAL)) {
      LearningRateSchedule schedule = LearningRateSchedule.of(kind, 1e-3, 5, 5);
      for (int step = 0; step < 10; step++) {
        double rate = schedule.at(step);
        assertTrue(rate >= 0 && rate <= 1e-3, kind + " at " + step + ": " + rate);
      }
    }
  }

  @Test
  void unknownNamesAreAnsweredWithThoseThatExist() {
    assertEquals(Kind.COSINE_WITH_RESTARTS, Kind.of("cosine_with_restarts"));
    var e = assertThrows(IllegalArgumentException.class, () -> Kind.of("cosin"));
    assertTrue(e.getMessage().contains("constant_with_warmup, linear, cosine"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> LearningRateSchedule.of(Kind.LINEAR, 0, 0, 1));
    assertThrows(
        IllegalArgumentException.class, () -> LearningRateSchedule.of(Kind.POLYNOMIAL, 1e-8, 0, 1));
  }
}
