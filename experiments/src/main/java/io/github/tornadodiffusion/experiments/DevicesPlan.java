package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.JvmEngine;
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
record DevicesPlan(List<DeviceRow> rows, DevicesSettings settings) implements Experiment {
  static final String NAME = "devices";

  /** About what opening, compiling and checking take, in seconds. */
  private static final double HOST_SECONDS = 3;

  private static final double TORNADO_SECONDS = 10;

  /** About how many times slower Java is without vectors. */
  private static final double SCALAR = 12;

  private static final int ESTIMATED_RUNS = 5;

  @Override
  public String name() {
    return NAME;
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

  /** From a few forward passes on all cores: the other devices are taken to be about as fast. */
  @Override
  public double estimateSeconds() {
    double imageSeconds = imageSeconds();
    double seconds = 0;
    for (DeviceRow row : rows) {
      List<Integer> batches = settings.batches(row);
      int units = 2 + settings.profiled().size() + DevicesSettings.PROGRAMS.size() * batches.size();
      double images = 0;
      for (String program : DevicesSettings.PROGRAMS) {
        for (int batch : batches) {
          images += images(row, program, batch);
        }
      }
      for (String program : settings.profiled()) {
        images += 2 * images(row, program, settings.profiledBatch(row));
      }
      seconds +=
          units * (row.isTornado() ? TORNADO_SECONDS : HOST_SECONDS)
              + images * imageSeconds * slowness(row);
    }
    return seconds;
  }

  /** Images that the UNet sees in all runs. */
  private double images(DeviceRow row, String program, int batch) {
    return batch * settings.runs(row, program, batch) * settings.forwards(program);
  }

  private static double slowness(DeviceRow row) {
    if (row.isTornado()) {
      return 1;
    }
    double threads = (double) Runtime.getRuntime().availableProcessors() / row.threads();
    return row.isScalar() ? SCALAR * threads : threads;
  }

  private double imageSeconds() {
    int batch = settings.batches().getFirst();
    try (Engine engine = new JvmEngine();
        Workload forward = Workload.of("forward", engine, settings.preset(), batch)) {
      return Timings.measure(ESTIMATED_RUNS, forward.run()).medianMillis() / 1e3 / batch;
    }
  }
}
