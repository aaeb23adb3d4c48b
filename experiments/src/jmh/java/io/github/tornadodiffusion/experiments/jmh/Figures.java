package io.github.tornadodiffusion.experiments.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What is known of a run beside its time; it goes into JMH's results with every iteration. */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Figures {
  private double flops;
  private double bytes;
  private double maxError;

  /**
   * @param opsFlops operations of a run, 0 where the time does not depend on them
   * @param opsBytes bytes that a run must at least move, 0 where that is not known
   * @param error the largest error that was found
   */
  void set(double opsFlops, double opsBytes, double error) {
    flops = opsFlops;
    bytes = opsBytes;
    maxError = error;
  }

  /** Floating-point operations of a run. */
  public double flops() {
    return flops;
  }

  /** Bytes that a run must at least move. */
  public double bytes() {
    return bytes;
  }

  /** The largest error, relative to the largest value of a kernel or tensor. */
  public double maxError() {
    return maxError;
  }
}
