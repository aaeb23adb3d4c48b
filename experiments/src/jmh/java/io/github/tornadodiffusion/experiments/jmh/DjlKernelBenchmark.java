package io.github.tornadodiffusion.experiments.jmh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
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

/** The same operations on the same numbers as {@link KernelBenchmark}, by PyTorch through DJL. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class DjlKernelBenchmark {
  @Param public DjlKernel kernel;

  @Param("djl-pytorch")
  public String peer;

  private NDManager manager;
  private Supplier<NDList> operation;

  /** Copies the numbers to PyTorch and compares what it computes with the jvm device. */
  @Setup
  public void open(Figures figures) {
    KernelCase numbers = KernelFamily.valueOf(kernel.name()).build();
    manager = NDManager.newBaseManager("PyTorch");
    operation = kernel.open(manager, numbers);
    figures.set(numbers.flops(), numbers.bytes(), compare(numbers));
  }

  private double compare(KernelCase numbers) {
    double error = 0;
    try (Engine jvm = Engines.open("jvm", EngineOptions.DEFAULT);
        NDScope _ = new NDScope()) {
      SequencedMap<String, float[]> expected = numbers.results(jvm);
      NDList computed = operation.get();
      for (String name : expected.sequencedKeySet()) {
        NDArray tensor = computed.removeFirst();
        error = Math.max(error, Peers.compare(name, expected.get(name), tensor.toFloatArray()));
      }
    }
    return error;
  }

  /** One run; frees what it returns. */
  @org.openjdk.jmh.annotations.Benchmark
  public NDList run() {
    try (NDScope _ = new NDScope()) {
      return operation.get();
    }
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    manager.close();
  }
}
