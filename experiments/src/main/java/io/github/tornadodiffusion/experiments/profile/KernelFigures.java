package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.check.CallCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.apache.commons.math3.stat.StatUtils;

/** Measurements of one kernel and shape. */
public final class KernelFigures {
  private final KernelShape shape;
  private final List<Long> runNanos = new ArrayList<>();
  private long currentNanos;
  private int currentCalls;
  private int callsPerRun;
  private double error = Double.NaN;

  public KernelFigures(KernelShape shape) {
    this.shape = shape;
  }

  /** The kernel and its shape. */
  public KernelShape shape() {
    return shape;
  }

  /** Calls in one run of the program. */
  public int callsPerRun() {
    return callsPerRun;
  }

  /** How long the calls of one run take together: the median over the runs. */
  public double nanosPerRun() {
    return StatUtils.percentile(runNanos.stream().mapToDouble(Long::doubleValue).toArray(), 50);
  }

  /** See {@link CallCheck#error}; NaN before a check. */
  public double error() {
    return error;
  }

  public boolean isChecked() {
    return !Double.isNaN(error);
  }

  public void addTime(long callNanos) {
    currentCalls++;
    currentNanos += callNanos;
  }

  /** Ends a run of the program. */
  public void endRun() {
    runNanos.add(currentNanos);
    callsPerRun = currentCalls;
    currentCalls = 0;
    currentNanos = 0;
  }

  /**
   * Runs a call and compares a sample of what it writes with its oracle.
   *
   * @param arena supplies the current arena
   * @param run runs the call
   */
  public void check(Call call, Supplier<Arena> arena, Runnable run) {
    CallCheck check = new CallCheck(call, arena.get());
    run.run();
    error = check.error(arena.get());
  }
}
