package io.github.tornadodiffusion.experiments;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Measures how fast a device is. Every benchmark ends with one more run in which a sample of what
 * its kernels write is computed anew in double precision, element by element, from the same inputs;
 * {@code max_error} is the largest difference, relative to the largest value of that kernel's
 * sample. A run whose kernels are wrong prints no figures.
 */
@Command(
    name = "bench",
    description = {
      "Measures a forward pass, a training step, sampling (10 DDIM steps) or every kernel of a"
          + " training step.",
      "The results are checked against double precision in the same run."
    })
final class BenchCommand implements Callable<Integer> {
  private static final String KERNELS = "kernels";
  private static final List<String> WHAT = List.of("forward", "train-step", "sample", KERNELS);

  /** Relative to a kernel's largest value; single precision sums come out below 1e-4. */
  private static final double MOST_ERROR = 1e-3;

  @Spec CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "WHAT",
      description = "forward, train-step, sample or kernels.")
  String what;

  @Option(
      names = "--preset",
      paramLabel = "P",
      defaultValue = "unit1",
      description = "The model: digits, butterflies or unit1 (default: ${DEFAULT-VALUE}).")
  String preset;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Images a run (default: ${DEFAULT-VALUE}).")
  int batch;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "10",
      description = "Runs that are measured (default: ${DEFAULT-VALUE}).")
  int runs;

  @Option(names = "--json", description = "Print one JSON object a line.")
  boolean json;

  @Mixin DeviceOptions device;

  @Override
  public Integer call() {
    device.check();
    if (!WHAT.contains(what)) {
      throw new IllegalArgumentException(
          "unknown benchmark '%s'; use %s"
              .formatted(Errors.oneLine(what), String.join(", ", WHAT)));
    }
    Preset chosen = Presets.named(preset);
    if (batch < 1 || runs < 1) {
      throw new IllegalArgumentException(
          "--batch is %d and --runs %d; give at least 1".formatted(batch, runs));
    }
    try (ProbeEngine probe = new ProbeEngine(device.open())) {
      return what.equals(KERNELS) ? kernels(probe, chosen) : whole(probe, chosen);
    }
  }

  private int whole(ProbeEngine probe, Preset chosen) {
    Timings timings;
    double flops;
    OptionalDouble memory;
    try (Workload workload = Workload.of(what, probe, chosen, batch)) {
      timings = Timings.measure(runs, workload.run());
      flops = workload.flops();
      // Before the check, which takes memory of its own.
      memory = Machine.peakResidentMib();
      probe.mode(ProbeEngine.Mode.CHECK);
      workload.run().run();
    }
    double error = checked(probe);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("what", what);
    row.put("preset", chosen.name());
    row.put("batch", batch);
    row.put("device", device.device);
    row.put("kernels", probe.variants().id());
    row.put("threads", device.threads());
    row.put("parameters", MemoryNeed.parameters(chosen.model()));
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
    print(row);
    return 0;
  }

  private int kernels(ProbeEngine probe, Preset chosen) {
    try (Workload workload = Workload.of("train-step", probe, chosen, batch)) {
      Timings.measure(1, workload.run());
      probe.mode(ProbeEngine.Mode.PROFILE);
      for (int i = 0; i < runs; i++) {
        workload.run().run();
      }
      probe.mode(ProbeEngine.Mode.CHECK);
      workload.run().run();
    }
    checked(probe);
    double total = probe.figures().stream().mapToDouble(KernelFigures::nanosPerRun).sum();
    if (!json) {
      spec.commandLine()
          .getOut()
          .println(
              "share   ms/step  calls  GFLOP/s   GB/s  error    kernel and shape (batch %d)"
                  .formatted(batch));
    }
    probe.figures().stream()
        .sorted(Comparator.comparingDouble(KernelFigures::nanosPerRun).reversed())
        .forEach(kernel -> print(kernel, probe, chosen, kernel.nanosPerRun() / total));
    return 0;
  }

  /**
   * The largest error of the check.
   *
   * @throws IllegalStateException if it is too large: then no figure is worth printing
   */
  private static double checked(ProbeEngine probe) {
    for (KernelFigures kernel : probe.figures()) {
      if (kernel.error() > MOST_ERROR) {
        throw new IllegalStateException(
            "%s (%s) is wrong by %.2g of its largest value; no figures are printed"
                .formatted(kernel.shape().kernel(), kernel.shape().shape(), kernel.error()));
      }
    }
    return probe.maxError();
  }

  private void print(Map<String, Object> row) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.line(row));
    } else {
      row.forEach((name, value) -> out.printf(Locale.ROOT, "%-14s %s%n", name, value));
    }
    out.flush();
  }

  private void print(KernelFigures kernel, ProbeEngine probe, Preset chosen, double share) {
    PrintWriter out = spec.commandLine().getOut();
    KernelShape shape = kernel.shape();
    int calls = kernel.callsPerRun();
    double millis = kernel.nanosPerRun() / 1e6;
    double gflops = calls * shape.flops() / kernel.nanosPerRun();
    double gigabytes = calls * shape.bytes() / kernel.nanosPerRun();
    if (!json) {
      out.printf(
          Locale.ROOT,
          "%5.1f %%  %7.3f  %5d  %7s  %5.1f  %.1e  %s %s%n",
          100 * share,
          millis,
          calls,
          shape.flops() > 0 ? String.format(Locale.ROOT, "%.1f", gflops) : "",
          gigabytes,
          kernel.error(),
          shape.kernel(),
          shape.shape());
      out.flush();
      return;
    }
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("what", what);
    row.put("preset", chosen.name());
    row.put("batch", batch);
    row.put("device", device.device);
    row.put("kernels", probe.variants().id());
    row.put("kernel", shape.kernel());
    row.put("shape", shape.shape());
    row.put("calls", calls);
    row.put("median_ms", rounded(millis));
    row.put("us_per_call", rounded(1e3 * millis / calls));
    row.put("gflops", shape.flops() > 0 ? rounded(gflops) : null);
    row.put("gb_per_s", rounded(gigabytes));
    row.put("share", share);
    row.put("max_error", kernel.error());
    out.println(Json.line(row));
    out.flush();
  }

  private static double rounded(double value) {
    return Math.round(value * 1e3) / 1e3;
  }
}
