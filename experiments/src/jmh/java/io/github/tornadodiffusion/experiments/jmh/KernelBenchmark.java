package io.github.tornadodiffusion.experiments.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Every kernel family on every device: the launches, without transfers. What the kernels write is
 * compared with double precision before and after the measurement, and without that there is no
 * figure.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class KernelBenchmark {
  @Param public KernelFamily kernel;

  @Param("jvm")
  public String device;

  @Param("auto")
  public String variants;

  private CheckedRun checked;

  /** Opens the device and compares. */
  @Setup
  public void open(Figures figures) {
    KernelCase calls = kernel.build();
    checked = new CheckedRun(device, variants, calls::open);
    figures.set(calls.flops(), calls.bytes(), checked.maxError());
  }

  /** One run of the family's calls. */
  @org.openjdk.jmh.annotations.Benchmark
  public void run() {
    checked.run();
  }

  /** Compares again. */
  @TearDown
  public void close() {
    checked.close();
  }
}
