package io.github.tornadodiffusion.experiments.devices;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.Figures;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The kernels of one program on one device beside the device's peaks (Williams, Waterman and
 * Patterson, "Roofline: an insightful visual performance model", 2009).
 *
 * @param title the device and the program
 * @param gflops the most that was measured, billion operations per second
 * @param gigabytes the most that was measured, per second
 * @param kernels by the time they take, the longest first
 */
public record DeviceKernels(String title, double gflops, double gigabytes, List<Kernel> kernels) {
  private static final String BANDWIDTH = "Elementwise.add";

  /** Kernels that are drawn: as many as there are dark colours in addition to that of the roof. */
  private static final int DRAWN = 6;

  /**
   * Points of the roof on each side of its ridge: many, because a long line is drawn without
   * markers.
   */
  private static final int ROOF_POINTS = 30;

  private static final double LEAST_SHARE = 0.01;

  /**
   * All calls of a kernel in one run.
   *
   * @param millis all together
   * @param share of the time of all kernels
   */
  record Kernel(
      String name, double calls, double millis, double share, double flops, double bytes) {
    double gflops() {
      return flops / (1e6 * millis);
    }

    double gigabytes() {
      return bytes / (1e6 * millis);
    }

    /** Operations per byte of minimal traffic. */
    double intensity() {
      return flops / bytes;
    }

    boolean computes() {
      return flops > 0;
    }
  }

  /** The highest rate that kernels of a device reached, in 10^9 operations or bytes per second. */
  public static double best(List<Row> peaks, boolean bandwidth) {
    return peaks.stream()
        .filter(row -> row.text("kernel").equals(BANDWIDTH) == bandwidth)
        .mapToDouble(row ->
            row.number(bandwidth ? "call_bytes" : "call_flops") / (1e6 * row.number("run_ms")))
        .max()
        .orElse(Double.NaN);
  }

  /**
   * Adds up the shapes of every kernel.
   *
   * @param rows of the table {@code kernel}, of one program on one device
   * @param peaks of the device, from the table of that name
   */
  static DeviceKernels of(String title, List<Row> rows, List<Row> peaks) {
    Map<String, List<Row>> shapes = new LinkedHashMap<>();
    rows.forEach(
        row -> shapes.computeIfAbsent(row.text("kernel"), k -> new ArrayList<>()).add(row));
    double total = sum(rows, row -> row.number("median_ms"));
    List<Kernel> kernels = new ArrayList<>();
    shapes.forEach((name, all) -> {
      double millis = sum(all, row -> row.number("median_ms"));
      kernels.add(
          new Kernel(
              name,
              sum(all, row -> row.number("calls")),
              millis,
              millis / total,
              sum(all, row -> row.number("calls") * row.number("call_flops")),
              sum(all, row -> row.number("calls") * row.number("call_bytes"))));
    });
    kernels.sort(Comparator.comparingDouble(Kernel::millis).reversed());
    return new DeviceKernels(title, best(peaks, false), best(peaks, true), List.copyOf(kernels));
  }

  /**
   * The figures that two runs are compared by. For kernels it is the share of the time of all
   * shapes together, because a single shape may take a tenth of a millisecond. Transfers to a
   * device are named differently from other runs, because the operating system influences them.
   */
  static List<Row> comparable(List<Row> rows) {
    List<Row> comparable = new ArrayList<>();
    Map<String, List<Row>> programs = new LinkedHashMap<>();
    for (Row row : rows) {
      Map<String, Object> values = new LinkedHashMap<>(row.values());
      if (row.table().equals("kernel")) {
        programs.computeIfAbsent(row.unit(), unit -> new ArrayList<>()).add(row);
        values.remove("median_ms");
      } else if (row.table().equals("transfer")) {
        values.put("transfer_ms", values.remove("run_ms"));
      }
      comparable.add(new Row(row.unit(), row.table(), values));
    }
    programs.forEach((unit, kernels) -> {
      of(unit, kernels, List.of()).kernels().stream()
          .sorted(Comparator.comparing(Kernel::name))
          .forEach(kernel -> {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("kernel", kernel.name());
            values.put(Figures.TIME_PERCENT, 100 * kernel.share());
            comparable.add(new Row(unit, "time", values));
          });
    });
    return comparable;
  }

  private static double sum(List<Row> rows, ToDoubleFunction<Row> value) {
    return rows.stream().mapToDouble(value).sum();
  }

  /** The limit of the device at an intensity, in 10^9 operations per second. */
  double roof(double intensity) {
    return Math.min(gflops, gigabytes * intensity);
  }

  /** The fraction of the roof that a kernel reaches, or of the bandwidth if it only moves data. */
  double shareOfRoof(Kernel kernel) {
    return kernel.computes()
        ? kernel.gflops() / roof(kernel.intensity())
        : kernel.gigabytes() / gigabytes;
  }

  /** The kernels that take at least a hundredth of the time. */
  Table table() {
    return Table.of(
        title + ": kernels that take at least 1 % of the kernels' time.",
        kernels.stream().filter(kernel -> kernel.share() >= LEAST_SHARE).toList(),
        column("kernel", kernel -> "`%s`".formatted(kernel.name())),
        column("% of time", kernel -> Numbers.plain(100 * kernel.share())),
        column("ms a run", kernel -> Numbers.plain(kernel.millis())),
        column("calls", kernel -> Integer.toString((int) kernel.calls())),
        column("FLOP/byte", kernel -> kernel.computes() ? Numbers.plain(kernel.intensity()) : ""),
        column("GFLOP/s", kernel -> kernel.computes() ? Numbers.plain(kernel.gflops()) : ""),
        column("GB/s", kernel -> Numbers.plain(kernel.gigabytes())),
        column("% of roof", kernel -> Numbers.plain(100 * shareOfRoof(kernel))));
  }

  /**
   * The roof, and beneath it the kernels that compute, those that take longest.
   *
   * @param name of the picture
   */
  Chart chart(String name) {
    List<Kernel> drawn = kernels.stream().filter(Kernel::computes).limit(DRAWN).toList();
    double ridge = gflops / gigabytes;
    double least = ridge;
    double most = ridge;
    for (Kernel kernel : drawn) {
      least = Math.min(least, kernel.intensity());
      most = Math.max(most, kernel.intensity());
    }
    double[] x = new double[2 * ROOF_POINTS];
    for (int i = 0; i < ROOF_POINTS; i++) {
      double share = (double) i / (ROOF_POINTS - 1);
      x[i] = Math.pow(least / 2, 1 - share) * Math.pow(ridge, share);
      x[ROOF_POINTS + i] = Math.pow(ridge, 1 - share) * Math.pow(2 * most, share);
    }
    double[] y = Arrays.stream(x).map(this::roof).toArray();
    Chart chart =
        Chart.lines(name, title, "arithmetic intensity (FLOP/byte)", "performance (GFLOP/s)")
            .logX()
            .logY()
            .series("roof", x, y);
    for (Kernel kernel : drawn) {
      chart =
          chart.series(
              kernel.name(), new double[] {kernel.intensity()}, new double[] {kernel.gflops()});
    }
    return chart.caption(
        "The roof is the best measured: %s GFLOP/s, and %s GB/s to and from memory."
            .formatted(Numbers.plain(gflops), Numbers.plain(gigabytes)));
  }
}
