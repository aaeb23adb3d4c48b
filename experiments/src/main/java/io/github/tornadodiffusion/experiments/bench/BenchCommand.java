package io.github.tornadodiffusion.experiments.bench;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.profile.KernelFigures;
import io.github.tornadodiffusion.experiments.profile.KernelShape;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.experiments.profile.ProfileOptions;
import io.github.tornadodiffusion.kernels.KernelCases;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Measures how fast a device is. Every benchmark ends with one more run in which a sample of what
 * its kernels write is recomputed in double precision, element by element, from the same inputs;
 * {@code max_error} is the largest difference, relative to the largest value of that kernel's
 * sample. A run whose kernels are wrong prints no figures.
 */
@Command(
    name = "bench",
    description = {
      "Measures a forward pass, a training step, sampling with DDIM (50 steps, or --steps) or every"
          + " kernel of a training step.",
      "The results are checked against double precision in the same run."
    })
public final class BenchCommand implements Callable<Integer> {
  private static final String KERNELS = "kernels";
  private static final List<String> WHAT =
      List.of("forward", "train-step", Benchmark.SAMPLE, KERNELS);

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
      names = "--steps",
      paramLabel = "N",
      description = "DDIM steps of a run of sample (default: 50).")
  Integer steps;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "10",
      description = "Runs that are measured (default: ${DEFAULT-VALUE}).")
  int runs;

  @Option(names = "--json", description = "Print one JSON object a line.")
  boolean json;

  @Mixin ProfileOptions profile;

  @Mixin DeviceOptions device;

  @Override
  public Integer call() throws IOException {
    device.check();
    profile.check();
    if (!WHAT.contains(what)) {
      throw new IllegalArgumentException(
          "unknown benchmark '%s'; use %s".formatted(Messages.line(what), String.join(", ", WHAT)));
    }
    Preset chosen = Presets.named(preset);
    if (batch < 1 || runs < 1) {
      throw new IllegalArgumentException(
          "--batch is %d and --runs %d; give at least 1".formatted(batch, runs));
    }
    if (steps != null && (!what.equals(Benchmark.SAMPLE) || steps < 1)) {
      throw new IllegalArgumentException(
          "--steps is %d; give at least 1, and only with 'bench sample'".formatted(steps));
    }
    device.note(Ineffective.of(spec)).say(spec.commandLine().getErr());
    boolean measure = what.equals(KERNELS) || profile.wanted();
    try (ProbeEngine probe =
        new ProbeEngine(device.open(measure, spec.commandLine().getErr()), profile.profile())) {
      if (what.equals(KERNELS)) {
        kernels(probe, chosen);
      } else {
        Benchmark benchmark = new Benchmark(what, chosen, batch, steps == null ? 50 : steps, runs);
        print(benchmark.measure(probe, device, profile.wanted()));
      }
    }
    profile.report(device.device, spec.commandLine().getOut());
    return 0;
  }

  private void kernels(ProbeEngine probe, Preset chosen) {
    Map<String, Object> step = new LinkedHashMap<>();
    step.put("preset", chosen.name());
    step.put("batch", batch);
    kernels(probe, Workload.of("train-step", probe, chosen, batch), step);
    probe.mode(ProbeEngine.Mode.RUN);
    for (KernelCases cases : KernelCases.all()) {
      for (Trial trial : cases.trials()) {
        // These have figures of their own.
        ProbeEngine own = new ProbeEngine(probe, new Profile());
        kernels(own, Workload.trial(own, trial), Map.of("cases", cases.name()));
      }
    }
  }

  /**
   * Measures and checks the calls of a workload.
   *
   * @param fields name the workload
   */
  private void kernels(ProbeEngine probe, Workload opened, Map<String, Object> fields) {
    try (Workload workload = opened) {
      Timings.measure(1, workload.run());
      probe.mode(ProbeEngine.Mode.PROFILE);
      for (int i = 0; i < runs; i++) {
        workload.run().run();
      }
      probe.mode(ProbeEngine.Mode.CHECK);
      workload.run().run();
    }
    Benchmark.checked(probe);
    double total = probe.figures().stream().mapToDouble(KernelFigures::nanosPerRun).sum();
    if (!json) {
      spec.commandLine()
          .getOut()
          .println(
              "share   ms/step  calls  GFLOP/s   GB/s  error    kernel and shape (%s)"
                  .formatted(fields.containsKey("batch") ? "batch " + batch : fields.get("cases")));
    }
    probe.figures().stream()
        .sorted(Comparator.comparingDouble(KernelFigures::nanosPerRun).reversed())
        .forEach(kernel -> print(kernel, probe, fields, kernel.nanosPerRun() / total));
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

  private void print(
      KernelFigures kernel, ProbeEngine probe, Map<String, Object> fields, double share) {
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
    row.putAll(fields);
    row.put("device", device.device);
    row.put("kernels", probe.variants().id());
    row.put("conv", device.conv);
    row.put("kernel", shape.kernel());
    row.put("shape", shape.shape());
    row.put("calls", calls);
    row.put("median_ms", Benchmark.rounded(millis));
    row.put("us_per_call", Benchmark.rounded(1e3 * millis / calls));
    row.put("gflops", shape.flops() > 0 ? Benchmark.rounded(gflops) : null);
    row.put("gb_per_s", Benchmark.rounded(gigabytes));
    row.put("share", share);
    row.put("max_error", kernel.error());
    out.println(Json.line(row));
    out.flush();
  }
}
