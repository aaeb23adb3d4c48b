package io.github.tornadodiffusion.diffusion.schedulers.steps;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OWN;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Combine;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FoldedUpdatesTest {
  private static final int LENGTH = 6;

  static List<String> schedulers() {
    return Schedulers.CLASS_NAMES;
  }

  private static float[] gaussian(Random random) {
    float[] values = new float[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static Combine combine(int target, Update.Term... terms) {
    return new Combine(target, List.of(terms));
  }

  private static List<List<Update>> folded(Update... updates) {
    return FoldedUpdates.of(List.of(new ModelCall(0, 1, 1, 0, false, List.of(updates)))).calls();
  }

  /** The same samples from all calls, in double precision, with bounds and without. */
  @ParameterizedTest
  @MethodSource("schedulers")
  void doWhatTheTableSays(String className) {
    for (String config :
        List.of("{}", "{\"clip_sample\": false, \"thresholding\": true, \"solver_order\": 3}")) {
      Sampling sampling =
          Sampling.of(
              Schedulers.of(className, JsonFields.parse(config)), 9, new StepOptions(0.4, true));
      Random random = new Random(3);
      float[] noise = gaussian(random);
      SamplingState state = sampling.start(noise);
      HostRegisters registers = new HostRegisters(2, LENGTH / 2);
      registers.write(NOISE, noise);
      registers.apply(List.of(sampling.starting()));
      for (int i = 0; i < sampling.calls(); i++) {
        float[] output = gaussian(random);
        float[] drawn = gaussian(random);
        state = sampling.step(i, output, state, drawn, 2);
        registers.writeOutput(output);
        registers.write(NOISE, drawn);
        registers.apply(sampling.updates(i));
        float[] expected = state.sample();
        float[] actual = registers.read(SAMPLE, 1);
        for (int k = 0; k < LENGTH; k++) {
          assertEquals(expected[k], actual[k], 2e-6 * (1 + Math.abs(expected[k])), "call " + i);
        }
        assertTrue(sampling.updates(i).size() <= sampling.call(i).updates().size());
      }
    }
  }

  /** Random tables of combinations, in which registers come and go in every order. */
  @Test
  void anyCombinations() {
    Random random = new Random(8);
    int registers = 5;
    for (int trial = 0; trial < 300; trial++) {
      List<ModelCall> table = new ArrayList<>();
      for (int call = 0; call < 3; call++) {
        List<Update> updates = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          int target = random.nextInt(registers);
          if (random.nextInt(5) == 0) {
            updates.add(new Update.Clip(target, 1.5));
          } else {
            updates.add(
                combine(
                    target,
                    term(random.nextInt(registers), random.nextInt(7) - 3),
                    term(random.nextInt(registers), 0.5)));
          }
        }
        table.add(new ModelCall(0, 1, 1, 0, false, updates));
      }
      HostRegisters whole = new HostRegisters(1, LENGTH);
      HostRegisters less = new HostRegisters(1, LENGTH);
      for (int register = 0; register < registers; register++) {
        float[] values = gaussian(random);
        whole.write(register, values);
        less.write(register, values);
      }
      FoldedUpdates folded = FoldedUpdates.of(table);
      for (int call = 0; call < table.size(); call++) {
        whole.apply(table.get(call).updates());
        less.apply(folded.calls().get(call));
      }
      assertArrayEquals(whole.read(SAMPLE, 1), less.read(SAMPLE, 1), 1e-4f, table.toString());
    }
  }

  /** DDIM without bounds is one combination of sample and output. */
  @Test
  void aPassingResultBecomesPartOfWhatReadsIt() {
    List<Update> updates =
        folded(
                combine(ORIGINAL, term(SAMPLE, 4), term(OUTPUT, -2)),
                combine(OWN, term(SAMPLE, 3), term(ORIGINAL, -0.5)),
                combine(SAMPLE, term(ORIGINAL, 0.5), term(OWN, 2)))
            .getFirst();
    assertEquals(List.of(combine(SAMPLE, term(SAMPLE, 4), term(OUTPUT, 1))), updates);
  }

  @Test
  void whatIsClippedStaysAndWhatNobodyReadsGoes() {
    Update original = combine(ORIGINAL, term(SAMPLE, 4), term(OUTPUT, -2));
    Update clip = new Update.Clip(ORIGINAL, 1);
    Update sample = combine(SAMPLE, term(SAMPLE, 0.25), term(ORIGINAL, 0.5));
    assertEquals(
        List.of(List.of(original, clip, sample)),
        folded(original, clip, combine(OWN, term(NOISE, 1)), sample));
  }

  @Test
  void whatIsOverwrittenIsNotReadAgain() {
    Update old = combine(OWN, term(SAMPLE, 1));
    Update sample = combine(SAMPLE, term(OUTPUT, 2));
    Update both = combine(SAMPLE, term(SAMPLE, 1), term(OWN, 1));
    Update clip = new Update.Clip(SAMPLE, 3);
    assertEquals(List.of(List.of(old, sample, clip, both)), folded(old, sample, clip, both));
  }

  @Test
  void ddimNeedsNoRegisterOfItsOwn() {
    Scheduler ddim = Schedulers.of("DDIMScheduler", JsonFields.parse("{\"clip_sample\": false}"));
    assertEquals(Set.of(SAMPLE, OUTPUT, NOISE), Sampling.of(ddim, 10).registers());
  }
}
