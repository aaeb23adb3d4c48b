package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.cli.Devices;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.nn.io.Json;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists the devices. */
@Command(name = "devices", description = "Lists the devices that --device accepts.")
final class DevicesCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(names = "--json", description = "Print one JSON object a device and line.")
  boolean json;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> devices = Devices.list();
    if (json) {
      devices.forEach(device -> out.println(Json.line(device)));
      return 0;
    }
    devices.forEach(device -> {
      out.printf("%-10s %s%n", device.get("device"), device.get("name"));
      if (device.containsKey("threads")) {
        out.printf(
            "%-10s %s threads, vectors of %s floats, %s MiB memory, %s MiB heap%n",
            "",
            device.get("threads"),
            device.get("vector_lanes"),
            device.get("memory_mib"),
            device.get("heap_mib"));
        out.printf("%-10s %s%n", "", device.get("runtime"));
      } else {
        out.printf(
            "%-10s %s with %s compute units, %s MiB memory, %s MiB in one array%n",
            "",
            device.get("type"),
            device.get("compute_units"),
            device.get("memory_mib"),
            device.get("largest_buffer_mib"));
        String driver = (device.get("platform") + " " + device.get("driver")).strip();
        out.printf("%-10s %s, %s%n", "", driver, device.get("runtime"));
      }
    });
    Engines.whyNone().ifPresent(reason -> out.println("No device of TornadoVM: " + reason));
    return 0;
  }
}
