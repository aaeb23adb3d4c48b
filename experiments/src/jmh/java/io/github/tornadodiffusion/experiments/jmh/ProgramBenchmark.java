package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.bench.Workload;
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
 * A forward pass, a training step and sampling with 10 DDIM steps on every device, with the
 * transfers that they need; compared with double precision as the kernels are.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 2)
public class ProgramBenchmark {
  private static final int STEPS = 10;

  /** What a benchmark runs. */
  public enum Program {
    FORWARD,
    TRAIN_STEP,
    SAMPLE
  }

  @Param public Program program;

  @Param("jvm")
  public String device;

  @Param("auto")
  public String variants;

  @Param("unit1")
  public String preset;

  @Param("8")
  public int batch;

  private CheckedRun checked;

  /** Opens the device and compares. */
  @Setup
  public void open(Figures figures) {
    Preset chosen = Presets.named(preset);
    checked =
        new CheckedRun(
            device,
            variants,
            engine ->
                switch (program) {
                  case FORWARD -> Workload.of("forward", engine, chosen, batch);
                  case TRAIN_STEP -> Workload.of("train-step", engine, chosen, batch);
                  case SAMPLE -> Workload.sample(engine, chosen, batch, STEPS);
                });
    figures.set(checked.flops(), 0, checked.maxError());
  }

  /** One run of the program. */
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
