package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.bench.Benchmark;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.profile.KernelFigures;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.kernels.Engine;
import java.util.Map;

/**
 * Where the time of a program goes on a new engine: compilation, the first run, transfers, launches
 * and every kernel. A last run is checked against the oracles.
 */
final class DeviceProfile extends DeviceUnit {
  private final DevicesSettings settings;
  private final String program;

  DeviceProfile(DeviceRow row, DevicesSettings settings, String program) {
    super(row, program + "-kernels");
    this.settings = settings;
    this.program = program;
  }

  @Override
  void measure(Experiment.Sink sink) {
    sink.progress(0, "building");
    int batch = settings.profiledBatch(row);
    long start = System.nanoTime();
    long jit = jitMillis();
    Profile profile = new Profile();
    try (Engine engine = row.opener().open(true)) {
      ProbeEngine probe = new ProbeEngine(engine, profile);
      double build;
      try (Workload workload = settings.workload(program, probe, batch)) {
        build = (System.nanoTime() - start) / 1e6;
        // The first, as many to warm up, and as many that count.
        int measured = settings.runs(row, program, batch);
        int runs = 1 + 2 * measured;
        for (int i = 0; i < runs; i++) {
          boolean warmUp = i >= 1 && i <= measured;
          probe.mode(warmUp ? ProbeEngine.Mode.RUN : ProbeEngine.Mode.PROFILE);
          workload.run().run();
          sink.progress((i + 1.0) / (runs + 1), "run %d of %d".formatted(i + 1, runs));
        }
        jit = jitMillis() - jit;
        probe.mode(ProbeEngine.Mode.CHECK);
        workload.run().run();
      }
      Benchmark.checked(probe);
      for (Profile.ProgramRow times : profile.rows()) {
        Map<String, Object> fields = named(fields(), program, batch);
        fields.put("build_ms", build);
        fields.put("jit_ms", jit);
        fields.put("first_ms", times.first());
        fields.put("first_compilation_ms", times.firstCompilation());
        fields.put("total_ms", times.total());
        fields.put("kernels_ms", times.kernels());
        fields.put("launch_ms", times.launch());
        fields.put("transfers_ms", times.transfers());
        if (!Double.isNaN(times.joules())) {
          fields.put("energy_joules", times.joules());
        }
        sink.row("program", fields);
      }
      for (KernelFigures kernel : probe.figures()) {
        Map<String, Object> fields = named(shortFields(), program, batch);
        fields.put("kernel", kernel.shape().kernel());
        fields.put("shape", kernel.shape().shape());
        fields.put("calls", kernel.callsPerRun());
        fields.put("call_flops", kernel.shape().flops());
        fields.put("call_bytes", kernel.shape().bytes());
        fields.put("median_ms", kernel.nanosPerRun() / 1e6);
        fields.put("max_error", kernel.error());
        sink.row("kernel", fields);
      }
    }
  }
}
