package io.github.tornadodiffusion.kernels.check;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Finds out whether a device computes as the jvm engine does: drivers and compilers make mistakes,
 * and a wrong number looks like any other. Foreign kernels may be wrong on every device, so they
 * are also compared with their oracles; the project's own are proved by its tests. Each shape of a
 * kernel is tried once.
 */
public final class SelfCheck {
  /** Relative to the largest number that a call writes; sums in another order differ by 1e-6. */
  private static final double TOLERANCE = 1e-4;

  /** As {@link CallCheck#error} measures it; benchmarks have the same limit. */
  private static final double MOST_ERROR = 1e-3;

  private final Engine device;
  private final Supplier<Engine> reference;
  private final EngineOptions.Listener listener;
  private final Set<Shape> proven = new HashSet<>();
  private final Set<Kernel> unproved = new HashSet<>();

  /** A kernel and the shape that a descriptor stands for. */
  private record Shape(Kernel kernel, List<Integer> descriptor) {
    static Shape of(Call call) {
      return new Shape(call.kernel(), IntStream.of(call.descriptor()).boxed().toList());
    }
  }

  /**
   * A check of a device.
   *
   * @param reference starts the engine to compare with, or is null if the device is that engine
   * @param listener is told of progress, and of foreign kernels that nothing proves
   */
  public SelfCheck(Engine device, Supplier<Engine> reference, EngineOptions.Listener listener) {
    this.device = device;
    this.reference = reference;
    this.listener = listener;
  }

  /** Whether a program calls a kernel that is foreign to this project. */
  public static boolean isForeign(Program program) {
    return program.calls().stream().anyMatch(call -> call.kernel().isForeign());
  }

  /**
   * Tries what has not been tried yet.
   *
   * @throws IllegalStateException naming the first kernel that is wrong
   */
  public void prove(List<Trial> trials) {
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
    try (Engine jvm = reference == null ? null : reference.get();
        Engine.Session expected = (jvm == null ? device : jvm).open(floats, all);
        Engine.Session actual = jvm == null ? null : device.open(floats, all)) {
      int done = 0;
      for (Trial trial : untried) {
        float[] before = trial.content().get();
        expected.write(0, before, 0, before.length);
        if (actual != null) {
          actual.write(0, before, 0, before.length);
        }
        for (int i = 0; i < trial.calls().size(); i++) {
          Call call = trial.calls().get(i);
          Program program = programs.get(call);
          float[] right = run(expected, program, before.length);
          judge(trial, call, before, right);
          if (actual != null) {
            compare(trial, i, before, right, run(actual, program, before.length));
            // The next call is judged by itself: rounding that it inherits may be large for it.
            actual.write(0, right, 0, right.length);
          }
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
      if (reference == null
          && trial.calls().stream().noneMatch(call -> call.kernel().isForeign())) {
        continue;
      }
      // If one call of a trial is new, all are tried: earlier calls make the input of later ones.
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

  /** Compares what a call of a foreign kernel has written with its oracle. */
  private void judge(Trial trial, Call call, float[] before, float[] after) {
    Kernel kernel = call.kernel();
    if (!kernel.isForeign()) {
      return;
    }
    if (kernel.oracle().isEmpty()) {
      if (unproved.add(kernel)) {
        listener.warning(
            "%s: nothing proves that it is right, since it has no oracle; give it one by Kernel.with"
                .formatted(kernel.id()));
      }
      return;
    }
    double error = new CallCheck(call, i -> before[i]).errorWhereDefined(i -> after[i]);
    if (error > MOST_ERROR) {
      throw new IllegalStateException(
          ("%s: not what its oracle says, but off by %.2g of its largest value, in a trial of %s;"
                  + " correct the kernel or its oracle, or use --no-self-check to run all the same")
              .formatted(kernel.id(), error, trial.label()));
    }
  }

  /** Compares the arena after the calls up to the given one, except for scratch memory. */
  private void compare(Trial trial, int call, float[] before, float[] expected, float[] actual) {
    BitSet compared = new BitSet();
    compared.set(0, expected.length);
    trial.scratch().forEach(r -> compared.clear(r.offset(), r.offset() + r.length()));
    double scale = Double.MIN_NORMAL;
    // Of what differs on the device: the scale of a call that writes again what is there.
    double scaleOfSame = Double.MIN_NORMAL;
    for (int i = 0; i < expected.length; i++) {
      // Random input may be meaningless: where the jvm engine writes NaN, any value is accepted.
      if (!Float.isFinite(expected[i])) {
        compared.clear(i);
      } else if (compared.get(i)) {
        if (expected[i] != before[i]) {
          scale = Math.max(scale, Math.abs(expected[i]));
        } else if (expected[i] != actual[i]) {
          scaleOfSame = Math.max(scaleOfSame, Math.abs(expected[i]));
        }
      }
    }
    if (scale == Double.MIN_NORMAL) {
      scale = scaleOfSame;
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
