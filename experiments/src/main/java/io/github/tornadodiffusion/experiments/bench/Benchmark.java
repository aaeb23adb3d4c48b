package io.github.tornadodiffusion.experiments.bench;

import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Machine;
import io.github.tornadodiffusion.experiments.profile.KernelFigures;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * A benchmark of a whole program. It ends with one more run in which a sample of what the kernels
 * write is recomputed in double precision; without that check there are no figures.
 *
 * @param what {@code forward}, {@code train-step} or {@code sample}
 * @param batch images per run
 * @param steps of DDIM in one run of {@code sample}
 * @param runs how many are measured
 */
public record Benchmark(String what, Preset preset, int batch, int steps, int runs) {
  /** A benchmark that does not sample. */
  Benchmark(String what, Preset preset, int batch, int runs) {
    this(what, preset, batch, 0, runs);
  }

  /** The benchmark that has steps. */
  public static final String SAMPLE = "sample";

  /** Relative to a kernel's largest value; sums in single precision stay below 1e-4. */
  private static final double MOST_ERROR = 1e-3;

  /**
   * Measures and checks.
   *
   * @param profile whether to measure a first run and some further ones call by call
   * @return the figures, with the names of {@code bench --json}
   * @throws IllegalStateException if a kernel is wrong
   */
  Map<String, Object> measure(ProbeEngine probe, DeviceOptions device, boolean profile) {
    Timings timings;
    double flops;
    OptionalDouble memory;
    try (Workload workload = workload(probe)) {
      // The profile begins with the first run, in which kernels are compiled.
      probe.mode(profile ? ProbeEngine.Mode.PROFILE : ProbeEngine.Mode.RUN);
      timings =
          Timings.measure(
              runs,
              () -> {
                workload.run().run();
                probe.mode(ProbeEngine.Mode.RUN);
              });
      flops = workload.flops();
      // Before the check, which needs additional memory.
      memory = Machine.peakResidentMib();
      if (profile) {
        probe.mode(ProbeEngine.Mode.PROFILE);
        for (int i = 0; i < runs; i++) {
          workload.run().run();
        }
      }
      probe.mode(ProbeEngine.Mode.CHECK);
      workload.run().run();
    }
    double error = checked(probe);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("what", what);
    row.put("preset", preset.name());
    row.put("batch", batch);
    if (what.equals(SAMPLE)) {
      row.put("steps", steps);
    }
    row.put("device", device.device);
    row.put("kernels", probe.variants().id());
    row.put("conv", device.conv);
    row.put("threads", device.threads());
    row.put("parameters", MemoryNeed.parameters(preset.model()));
    row.put("first_ms", rounded(timings.firstMillis()));
    row.put("warm_up_runs", timings.warmUps());
    row.put("median_ms", rounded(timings.medianMillis()));
    row.put("min_ms", rounded(timings.minMillis()));
    row.put("p90_ms", rounded(timings.p90Millis()));
    row.put("runs", runs);
    row.put("images_per_s", rounded(batch / (timings.medianMillis() / 1e3)));
    row.put("gflops", rounded(flops / (timings.medianMillis() * 1e6)));
    row.put("peak_rss_mib", memory.isPresent() ? rounded(memory.getAsDouble()) : null);
    row.put("max_error", error);
    return row;
  }

  private Workload workload(ProbeEngine probe) {
    return what.equals(SAMPLE)
        ? Workload.sample(probe, preset, batch, steps)
        : Workload.of(what, probe, preset, batch);
  }

  /**
   * The largest error of a check.
   *
   * @throws IllegalStateException if it is too large: then no figures are printed
   */
  public static double checked(ProbeEngine probe) {
    for (KernelFigures kernel : probe.figures()) {
      if (kernel.error() > MOST_ERROR) {
        throw new IllegalStateException(
            "%s (%s) is wrong by %.2g of its largest value; no figures are printed"
                .formatted(kernel.shape().kernel(), kernel.shape().shape(), kernel.error()));
      }
    }
    return probe.maxError();
  }

  /** To three digits after the point. */
  static double rounded(double value) {
    return Math.round(value * 1e3) / 1e3;
  }
}
