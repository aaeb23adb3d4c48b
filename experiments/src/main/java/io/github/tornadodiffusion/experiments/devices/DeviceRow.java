package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.cli.Devices;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A device as {@link DevicesExperiment} compares it: with a number of threads, or with certain
 * variants of kernels.
 *
 * @param key its name in files
 * @param label its name in the report
 * @param device its id, which several rows may share
 * @param kernels lanes, tiles or threads
 * @param threads that compute; 0 on a device of TornadoVM
 * @param opener starts it
 */
record DeviceRow(
    String key, String label, String device, String kernels, int threads, Opener opener) {
  /** Java without vectors, which cannot be chosen as a device elsewhere. */
  static final String SCALAR = "java";

  private static final String JVM = "jvm";

  /** Starts a device, without self-check: every unit compares what it measures with oracles. */
  @FunctionalInterface
  interface Opener {
    /**
     * Starts the device.
     *
     * @param measure whether programs are to be measured call by call
     */
    Engine open(boolean measure);
  }

  /**
   * The rows of the devices with the given ids.
   *
   * @param ids or null for all devices
   * @param kernels variants of kernels on devices of TornadoVM, {@code auto} for those of the type
   * @param threads the most of the jvm device, which is also compared with one
   * @throws IllegalArgumentException if there is no such device, or it has no such variants
   */
  static List<DeviceRow> of(List<String> ids, List<String> kernels, int threads) {
    List<String> all =
        ids != null
            ? ids
            : Stream.concat(
                    Stream.of(SCALAR, JVM), Engines.devices().stream().map(device -> device.id()))
                .toList();
    List<DeviceRow> rows = new ArrayList<>();
    for (String id : all.stream().distinct().toList()) {
      switch (id) {
        case SCALAR -> rows.add(scalar());
        case JVM -> Stream.of(1, threads).distinct().forEach(count -> rows.add(jvm(count)));
        default ->
            kernels.stream()
                .map(set -> tornado(id, set))
                .filter(row -> rows.stream().noneMatch(other -> other.key().equals(row.key())))
                .forEach(rows::add);
      }
    }
    return List.copyOf(rows);
  }

  private static DeviceRow scalar() {
    return new DeviceRow(
        "java-1-thread", "Java without vectors", SCALAR, "lanes", 1, measure -> JvmEngine.scalar());
  }

  private static DeviceRow jvm(int threads) {
    String count = threads == 1 ? "1 thread" : threads + " threads";
    return new DeviceRow(
        "jvm-" + count.replace(' ', '-'),
        "jvm, " + count,
        JVM,
        "lanes",
        threads,
        measure -> new JvmEngine(threads));
  }

  private static DeviceRow tornado(String id, String set) {
    Variants variants = Variants.named(set);
    Engines.check(id, variants);
    EngineOptions options = new EngineOptions(1, variants, false, false, (what, done, count) -> {});
    String resolved;
    try (Engine engine = Engines.open(id, options)) {
      resolved = engine.variants().id();
    }
    return new DeviceRow(
        id.replace(':', '-') + "-" + resolved,
        id + ", " + resolved,
        id,
        resolved,
        0,
        measure -> Engines.open(id, measure ? options.measuring() : options));
  }

  /** Whether it is a device of TornadoVM. */
  boolean isTornado() {
    return threads == 0;
  }

  boolean isScalar() {
    return device.equals(SCALAR);
  }

  /** Whether it runs variants for GPUs on a CPU, which executes their work groups in loops. */
  boolean isTilesOnCpu() {
    return isTornado()
        && Variants.named(kernels).capabilities().contains(Capability.WORK_GROUPS)
        && "cpu".equals(Devices.named(device).get("type"));
  }

  /** The fields by which rows of raw data name it. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("row", key);
    fields.put("label", label);
    fields.put("device", device);
    fields.put("kernels", kernels);
    return fields;
  }

  /** The description of the device itself, see {@link Devices}. */
  Map<String, Object> description() {
    Map<String, Object> fields = fields();
    if (threads > 0) {
      fields.put("threads", threads);
    }
    Devices.named(isScalar() ? JVM : device)
        .forEach((name, value) -> fields.putIfAbsent(name, value));
    return fields;
  }
}
