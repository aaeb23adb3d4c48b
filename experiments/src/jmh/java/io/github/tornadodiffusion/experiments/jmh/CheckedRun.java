package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.experiments.bench.Benchmark;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.kernels.Engine;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.function.Function;

/** A workload on a device, whose kernels are compared with double precision. */
final class CheckedRun implements AutoCloseable {
  private final Engine engine;
  private final ProbeEngine probe;
  private final Workload workload;
  private final double maxError;

  /**
   * Opens the device, computes once and compares, then opens what is to be measured.
   *
   * @param kernels as {@code --kernels} names them
   * @throws IllegalStateException if a kernel is wrong
   */
  CheckedRun(String device, String kernels, Function<Engine, Workload> open) {
    DeviceOptions options = DeviceOptions.of(device, kernels, null);
    // Every kernel is compared with double precision here, which says more than the self-check.
    options.noSelfCheck = true;
    engine = options.open(false, new PrintWriter(System.err, true, Charset.defaultCharset()));
    ProbeEngine first = probe();
    try (Workload once = open.apply(first)) {
      maxError = check(first, once);
    }
    probe = probe();
    workload = open.apply(probe);
  }

  private ProbeEngine probe() {
    return new ProbeEngine(engine, new Profile());
  }

  private static double check(ProbeEngine probe, Workload workload) {
    probe.mode(ProbeEngine.Mode.CHECK);
    workload.run().run();
    return Benchmark.checked(probe);
  }

  /** Operations of a run. */
  double flops() {
    return workload.flops();
  }

  /** The largest error of the first comparison. */
  double maxError() {
    return maxError;
  }

  /** Computes once. */
  void run() {
    workload.run().run();
  }

  /**
   * Compares once more, with the code as it was compiled while it was measured.
   *
   * @throws IllegalStateException if a kernel is wrong
   */
  @Override
  public void close() {
    try {
      check(probe, workload);
    } finally {
      workload.close();
      engine.close();
    }
  }
}
