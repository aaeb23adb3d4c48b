package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.StatUtils;

/** What was measured of one kernel and shape. */
final class KernelFigures {
  /** Elements that a check computes anew. */
  private static final int SAMPLES = 48;

  private final KernelShape shape;
  private final List<Long> runNanos = new ArrayList<>();
  private long currentNanos;
  private int currentCalls;
  private int callsPerRun;
  private boolean checked;
  private double error = Double.NaN;

  KernelFigures(KernelShape shape) {
    this.shape = shape;
  }

  KernelShape shape() {
    return shape;
  }

  /** Calls in one run of the program. */
  int callsPerRun() {
    return callsPerRun;
  }

  /** How long the calls of one run take together: the median over the runs. */
  double nanosPerRun() {
    return StatUtils.percentile(runNanos.stream().mapToDouble(Long::doubleValue).toArray(), 50);
  }

  /**
   * The largest difference between what a call wrote and what its oracle says, over the sampled
   * elements, divided by the largest absolute value among them; NaN where no oracle exists.
   */
  double error() {
    return error;
  }

  boolean isChecked() {
    return checked;
  }

  void addTime(long callNanos) {
    currentCalls++;
    currentNanos += callNanos;
  }

  /** Ends a run of the program. */
  void endRun() {
    runNanos.add(currentNanos);
    callsPerRun = currentCalls;
    currentCalls = 0;
    currentNanos = 0;
  }

  /**
   * Runs a call and compares a sample of its output elements with the oracle.
   *
   * @param arena the arena as it is whenever it is asked
   * @param run runs the call
   */
  void check(Call call, Arena arena, Runnable run) {
    checked = true;
    CallOracle oracle = CallOracles.of(shape.kernel()).orElse(null);
    if (oracle == null) {
      run.run();
      return;
    }
    SplittableRandom random = new SplittableRandom(1);
    long outputs = oracle.outputs(call);
    int count = (int) Math.min(SAMPLES, outputs);
    long[] elements = new long[count];
    double[] expected = new double[count];
    double largest = Double.MIN_NORMAL;
    for (int i = 0; i < count; i++) {
      // The last element always: tiles are cut off there.
      elements[i] = i == 0 ? outputs - 1 : random.nextLong(outputs);
      expected[i] = oracle.expected(call, elements[i], arena);
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    run.run();
    error = 0;
    for (int i = 0; i < count; i++) {
      double found = arena.at(oracle.index(call, elements[i]));
      double difference = Math.abs(found - expected[i]) / largest;
      // Math.max keeps NaN, and a kernel that writes NaN where the oracle has a number must show.
      error = Math.max(error, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
    }
  }
}
