package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.bench.Benchmark;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.kernels.Engine;
import java.util.Map;

/**
 * How long every run of a program takes, from the very first on, on a new engine. The report
 * determines which of the runs are warm-up. A last run is checked against the oracles.
 */
final class DeviceSpeed extends DeviceUnit {
  private final DevicesSettings settings;
  private final String program;
  private final int batch;

  DeviceSpeed(DeviceRow row, DevicesSettings settings, String program, int batch) {
    super(row, "%s-batch-%d".formatted(program, batch));
    this.settings = settings;
    this.program = program;
    this.batch = batch;
  }

  @Override
  void measure(Experiment.Sink sink) {
    sink.progress(0, "building");
    long start = System.nanoTime();
    long jit = jitMillis();
    int runs = settings.runs(row, program, batch);
    double[] millis = new double[runs];
    double build;
    double flops;
    double error;
    try (Engine engine = row.opener().open(false)) {
      ProbeEngine probe = new ProbeEngine(engine, new Profile());
      try (Workload workload = settings.workload(program, probe, batch)) {
        build = (System.nanoTime() - start) / 1e6;
        flops = workload.flops();
        for (int i = 0; i < runs; i++) {
          millis[i] = millis(workload.run());
          sink.progress((i + 1.0) / (runs + 1), "run %d of %d".formatted(i + 1, runs));
        }
        jit = jitMillis() - jit;
        probe.mode(ProbeEngine.Mode.CHECK);
        workload.run().run();
      }
      error = Benchmark.checked(probe);
    }
    Map<String, Object> fields = named(fields(), program, batch);
    if (program.equals(Benchmark.SAMPLE)) {
      fields.put("steps", settings.sampleSteps());
    }
    fields.put("flops", flops);
    fields.put("build_ms", build);
    fields.put("jit_ms", jit);
    fields.put("max_error", error);
    sink.row("speed", fields);
    for (int i = 0; i < runs; i++) {
      Map<String, Object> run = named(shortFields(), program, batch);
      run.put("index", i);
      run.put("run_ms", millis[i]);
      sink.row("run", run);
    }
  }
}
