package io.github.tornadodiffusion.experiments.report;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** A report with everything that one can have; its main writes it where one can look at it. */
final class DemoReport {
  private static final double[] STEPS = {10, 25, 50, 100, 250, 1000};

  private DemoReport() {}

  /** Writes the report into the directory that is the first argument. */
  public static void main(String[] arguments) throws IOException {
    report().write(Path.of(arguments[0]));
  }

  static Report report() throws IOException {
    return new Report("Schedules & <script>alert(1)</script>")
        .paragraph(
            "Linear against `squaredcos_cap_v2` over **5 seeds**; see"
                + " [the paper](https://arxiv.org/abs/2102.09672) for a < b & c.")
        .heading("Quality against steps")
        .chart(quality())
        .chart(loss())
        .heading("Devices")
        .chart(bars(false))
        .chart(bars(true))
        .chart(scatter())
        .table(table())
        .heading("Samples")
        .image("samples", png(), "Sixteen pixels of `seed 1`");
  }

  static Chart quality() {
    Chart chart =
        Chart.lines("quality", "Quality against sampling steps", "sampling steps", "KID ×10³")
            .logX()
            .logY()
            .caption("Mean over 5 seeds with its 95 % interval.");
    for (int i = 0; i < 8; i++) {
      double base = 20 + 5 * i;
      double[] y = Arrays.stream(STEPS).map(s -> base * (1 + 30 / s) * 0.1).toArray();
      y[4] = i == 1 ? Double.NaN : y[4];
      Interval[] intervals =
          Arrays.stream(y)
              .mapToObj(v -> Double.isNaN(v) ? null : new Interval(0.92 * v, 1.2 * v))
              .toArray(Interval[]::new);
      chart = chart.series("schedule number " + i, STEPS, y, intervals);
    }
    return chart;
  }

  private static Chart loss() {
    double[] x = IntStream.range(0, 300).asDoubleStream().toArray();
    Chart chart = Chart.lines("loss", "Loss of training", "step", "mean squared error");
    for (int s = 0; s < 3; s++) {
      double level = 1 + s;
      double[] y = Arrays.stream(x).map(i -> level / (1 + i / 20) + 0.02 * Math.sin(i)).toArray();
      Interval[] band =
          Arrays.stream(y).mapToObj(v -> new Interval(v - 0.1, v + 0.2)).toArray(Interval[]::new);
      chart = chart.series(List.of("linear", "cosine", "sigmoid").get(s), x, y, band);
    }
    return chart;
  }

  private static Chart bars(boolean log) {
    List<String> devices =
        List.of("scalar Java", "jvm, 1 core", "jvm, all cores", "opencl:0 lanes", "opencl:0 tiles");
    Interval[] first = {
      new Interval(2, 2.5),
      new Interval(60, 64),
      null,
      new Interval(140, 160),
      new Interval(155, 190)
    };
    Chart chart =
        Chart.bars(log ? "speed-log" : "speed", "Speed of a training step", "device", "images/s");
    chart = log ? chart.logY() : chart;
    return chart
        .bars("batch 8", devices, new double[] {2.2, 62, 110, 150, 170}, first)
        .bars("batch 64", devices.subList(0, 4), new double[] {2.4, 70, 131, 171}, null)
        .caption("Medians with their 95 % intervals.");
  }

  private static Chart scatter() {
    double[] x = IntStream.range(0, 40).mapToDouble(i -> Math.pow(10, i / 8.0)).toArray();
    double[] y = Arrays.stream(x).map(v -> 3e-9 * Math.pow(v, 1.5)).toArray();
    double[] z = Arrays.stream(x).map(v -> 7e-9 * Math.pow(v, 1.3)).toArray();
    return Chart.points("cost", "Cost against pixels", "pixels", "time in s")
        .logX()
        .logY()
        .series("unit1", x, y)
        .series("butterflies", x, z);
  }

  private static Table table() {
    List<List<String>> rows =
        IntStream.range(0, 4)
            .mapToObj(i ->
                List.of(
                    "`opencl:%s`".formatted(i),
                    "%s.%s".formatted(i, i),
                    "1.2e-05",
                    "0.12 [0.10, 0.15]",
                    "3.4 ± 0.2",
                    "a|b <i>",
                    "A longer remark on this row of the table, for the width"))
            .toList();
    return new Table(
        "Speed by device",
        List.of("device", "ms", "error", "difference", "mean", "odd", "remark"),
        rows);
  }

  static byte[] png() throws IOException {
    BufferedImage image = new BufferedImage(64, 32, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 64 * 32; i++) {
      image.setRGB(i % 64, i / 64, (i * 2654435) & 0xffffff);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }
}
