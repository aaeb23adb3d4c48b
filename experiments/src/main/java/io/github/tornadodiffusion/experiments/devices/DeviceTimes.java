package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.statistics.Interval;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import io.github.tornadodiffusion.experiments.statistics.WarmUp;
import java.util.Arrays;
import java.util.List;

/**
 * The runs of one program with one batch on one device.
 *
 * @param speed the row that describes the program
 * @param warmUps leading runs that are not steady, the first always
 * @param first milliseconds of the first run
 * @param steady milliseconds of the runs after them
 */
record DeviceTimes(Row speed, int warmUps, double first, Summary steady) {
  /** All of them, in the order of the units. */
  static List<DeviceTimes> of(ExperimentData data) {
    List<Row> runs = data.table("run");
    return data.table("speed").stream()
        .map(speed -> of(speed, runs.stream().filter(r -> r.unit().equals(speed.unit())).toList()))
        .toList();
  }

  private static DeviceTimes of(Row speed, List<Row> runs) {
    double[] all = runs.stream().mapToDouble(run -> run.number("run_ms")).toArray();
    int warmUps = Math.max(1, WarmUp.length(all));
    Summary steady = Summary.of(Arrays.copyOfRange(all, warmUps, all.length));
    return new DeviceTimes(speed, warmUps, all[0], steady);
  }

  String row() {
    return speed.text("row");
  }

  String label() {
    return speed.text("label");
  }

  String program() {
    return speed.text("program");
  }

  int batch() {
    return (int) speed.number("batch");
  }

  /** The median of the steady runs. */
  double imagesPerSecond() {
    return 1e3 * batch() / steady.median();
  }

  /** The interval of the median. */
  Interval imagesPerSecondInterval() {
    Interval millis = steady.medianInterval();
    return new Interval(1e3 * batch() / millis.high(), 1e3 * batch() / millis.low());
  }

  /** Billion floating-point operations per second. */
  double gflops() {
    return speed.number("flops") / (1e6 * steady.median());
  }
}
