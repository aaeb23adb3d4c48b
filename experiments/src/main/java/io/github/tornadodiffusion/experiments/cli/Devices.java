package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engines;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The devices that programs can run on. */
public final class Devices {
  private Devices() {}

  /** The fields to print for every device, {@code device} first. */
  public static List<Map<String, Object>> list() {
    Machine machine = Machine.current();
    Map<String, Object> jvm = new LinkedHashMap<>();
    jvm.put("device", "jvm");
    jvm.put("name", machine.cpu());
    jvm.put("threads", machine.cores());
    jvm.put("vector_lanes", machine.vectorLanes());
    jvm.put("vector_bits", machine.vectorLanes() * Float.SIZE);
    jvm.put("memory_mib", machine.memoryMib());
    jvm.put("heap_mib", Runtime.getRuntime().maxMemory() >> 20);
    jvm.put("runtime", machine.jvm());
    List<Map<String, Object>> devices = new ArrayList<>();
    devices.add(jvm);
    for (Device device : Engines.devices()) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("device", device.id());
      row.put("name", device.name());
      row.put("type", device.type());
      row.put("platform", device.platform());
      row.put("driver", device.driver());
      row.put("runtime", device.runtime());
      row.put("memory_mib", device.memory() >> 20);
      row.put("largest_buffer_mib", device.largestBuffer() >> 20);
      row.put("compute_units", device.computeUnits());
      devices.add(row);
    }
    return devices;
  }

  /** The fields of a device that exists. */
  public static Map<String, Object> named(String id) {
    return list().stream()
        .filter(device -> device.get("device").equals(id))
        .findFirst()
        .orElseThrow();
  }
}
