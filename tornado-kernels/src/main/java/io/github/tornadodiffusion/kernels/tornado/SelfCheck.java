package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Finds out whether a device computes as the jvm engine does: drivers and compilers make mistakes,
 * and a wrong number looks like any other. A kernel with one shape is tried once.
 */
final class SelfCheck {
  /** Relative to the largest number that a call writes; sums in another order differ by 1e-6. */
  private static final double TOLERANCE = 1e-4;

  private final Engine device;
  private final EngineOptions.Listener listener;
  private final Set<Shape> proven = new HashSet<>();

  /** A call on data of its own: its descriptor says which of its kernel's shapes it is. */
  private record Shape(Kernel kernel, List<Integer> descriptor) {
    static Shape of(Call call) {
      return new Shape(call.kernel(), IntStream.of(call.descriptor()).boxed().toList());
    }
  }

  SelfCheck(Engine device, EngineOptions.Listener listener) {
    this.device = device;
    this.listener = listener;
  }

  /**
   * Tries what has not been tried yet.
   *
   * @throws IllegalStateException naming the first kernel that is wrong
   */
  void prove(List<Trial> trials) {
    List<Trial> untried = untried(trials);
    if (untried.isEmpty()) {
      return;
    }
    int floats = untried.stream().mapToInt(Trial::floats).max().orElseThrow();
    Map<Call, Program> programs = new LinkedHashMap<>();
    for (Trial trial : untried) {
      for (Call call : trial.calls()) {
        programs.put(
            call,
            new Program("self-check", List.of(call), List.of(trial.label()), List.of(), List.of()));
      }
    }
    List<Program> all = List.copyOf(programs.values());
    try (Engine jvm = new JvmEngine();
        Engine.Session expected = jvm.open(floats, all);
        Engine.Session actual = device.open(floats, all)) {
      int done = 0;
      for (Trial trial : untried) {
        float[] before = trial.content().get();
        expected.write(0, before, 0, before.length);
        actual.write(0, before, 0, before.length);
        for (int i = 0; i < trial.calls().size(); i++) {
          Program program = programs.get(trial.calls().get(i));
          float[] right = run(expected, program, before.length);
          compare(trial, i, before, right, run(actual, program, before.length));
          before = right;
          listener.preparing("checking kernels", ++done, programs.size());
        }
      }
    }
    for (Trial trial : untried) {
      trial.calls().forEach(call -> proven.add(Shape.of(call)));
    }
  }

  private List<Trial> untried(List<Trial> trials) {
    Set<Shape> known = new HashSet<>(proven);
    List<Trial> untried = new ArrayList<>();
    for (Trial trial : trials) {
      // All calls of a trial are tried if one is new: the first ones make the last one's input.
      if (known.addAll(trial.calls().stream().map(Shape::of).toList())) {
        untried.add(trial);
      }
    }
    return untried;
  }

  private static float[] run(Engine.Session session, Program program, int floats) {
    session.run(program);
    float[] result = new float[floats];
    session.read(0, result, 0, floats);
    return result;
  }

  /** Compares what the calls up to the given one have left, but for the scratch memory. */
  private void compare(Trial trial, int call, float[] before, float[] expected, float[] actual) {
    BitSet compared = new BitSet();
    compared.set(0, expected.length);
    trial.scratch().forEach(r -> compared.clear(r.offset(), r.offset() + r.length()));
    double scale = Double.MIN_NORMAL;
    for (int i = 0; i < expected.length; i++) {
      // Random input has no meaning: where it makes the jvm engine write NaN, anything will do.
      if (!Float.isFinite(expected[i])) {
        compared.clear(i);
      } else if (expected[i] != before[i] && compared.get(i)) {
        scale = Math.max(scale, Math.abs(expected[i]));
      }
    }
    for (int i = compared.nextSetBit(0); i >= 0; i = compared.nextSetBit(i + 1)) {
      if (!(Math.abs((double) actual[i] - expected[i]) <= TOLERANCE * scale)) {
        String kernels =
            trial.calls().subList(0, call + 1).stream()
                .map(c -> c.kernel().id())
                .distinct()
                .collect(Collectors.joining(", "));
        throw new IllegalStateException(
            ("%s: wrong on %s, which has %s where %s is right, in a trial of %s; use another device"
                    + " or driver, or --no-self-check to run all the same")
                .formatted(kernels, device.device(), actual[i], expected[i], trial.label()));
      }
    }
  }
}
