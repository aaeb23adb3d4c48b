package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.bench.Pace;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The units of {@link DevicesExperiment}.
 *
 * @param rows the devices, at least one
 * @param settings what is measured of them
 */
public record DevicesPlan(List<DeviceRow> rows, DevicesSettings settings) implements Experiment {
  static final String NAME = "devices";

  /** The experiment and its report. */
  public static final Kind KIND = new Kind(NAME, DevicesReport::make, DeviceKernels::comparable);

  /** The approximate time for opening, compiling and checking, in seconds. */
  private static final double HOST_SECONDS = 3;

  private static final double TORNADO_SECONDS = 10;

  /** In larger batches an image takes no less time. */
  private static final int MOST_BATCH = 8;

  /** Approximately how many times slower variants for GPUs are on a CPU. */
  private static final double TILES_ON_CPU = 7;

  /** Approximately how many times slower Java is without vectors. */
  private static final double SCALAR = 12;

  @Override
  public Kind kind() {
    return KIND;
  }

  @Override
  public Map<String, Object> configuration() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("devices", rows.stream().map(DeviceRow::key).toList());
    fields.putAll(settings.configuration());
    return fields;
  }

  @Override
  public List<Unit> units() {
    List<Unit> units = new ArrayList<>();
    for (DeviceRow row : rows) {
      units.add(new DeviceErrors(row));
      units.add(new DevicePeaks(row, settings));
      for (String program : settings.profiled()) {
        units.add(new DeviceProfile(row, settings, program));
      }
      for (String program : DevicesSettings.PROGRAMS) {
        for (int batch : settings.batches(row)) {
          units.add(new DeviceSpeed(row, settings, program, batch));
        }
      }
    }
    return units;
  }

  @Override
  public double estimateSeconds() {
    return seconds(imageSeconds());
  }

  /**
   * From forward passes on the jvm device: all others, with two exceptions, are assumed to be about
   * as fast.
   *
   * @param imageSeconds of a forward pass
   */
  double seconds(double imageSeconds) {
    double seconds = 0;
    for (DeviceRow row : rows) {
      int batches = settings.batches(row).size();
      int units = 2 + settings.profiled().size() + DevicesSettings.PROGRAMS.size() * batches;
      seconds += units * (row.isTornado() ? TORNADO_SECONDS : HOST_SECONDS);
    }
    return seconds + images() * imageSeconds;
  }

  /** The images of all forward passes, or what amounts to them. */
  private double images() {
    double images = 0;
    for (DeviceRow row : rows) {
      for (String program : DevicesSettings.PROGRAMS) {
        for (int batch : settings.batches(row)) {
          images += slowness(row) * images(row, program, batch);
        }
      }
      for (String program : settings.profiled()) {
        images += slowness(row) * 2 * images(row, program, settings.profiledBatch(row));
      }
    }
    return images;
  }

  /** Images that the UNet sees in all runs. */
  private double images(DeviceRow row, String program, int batch) {
    return batch * settings.runs(row, program, batch) * settings.forwards(program);
  }

  private double slowness(DeviceRow row) {
    if (row.isTornado()) {
      return row.isTilesOnCpu() ? TILES_ON_CPU : 1;
    }
    double fewer = (double) threads() / row.threads();
    return row.isScalar() ? SCALAR * fewer : fewer;
  }

  /** The largest number of threads of a row; all cores for devices of TornadoVM. */
  private int threads() {
    return rows.stream()
        .mapToInt(
            row -> row.isTornado() ? Runtime.getRuntime().availableProcessors() : row.threads())
        .max()
        .orElseThrow();
  }

  /** Seconds of an image in a forward pass, measured. */
  double imageSeconds() {
    int batch = Math.min(MOST_BATCH, settings.batches().getLast());
    try (Engine engine = new JvmEngine(threads())) {
      return Pace.forward(engine, settings.preset(), batch, (int) Math.ceil(images() / batch));
    }
  }
}
