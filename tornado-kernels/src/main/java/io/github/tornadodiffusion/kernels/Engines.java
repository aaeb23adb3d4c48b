package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds the engine for a device. Loads TornadoVM only when a device of TornadoVM is asked for. */
public final class Engines {
  private static final String JVM = "jvm";
  private static final String API = "uk.ac.manchester.tornado.api.TaskGraph";

  private Engines() {}

  /** The devices of TornadoVM; empty where there is no TornadoVM. */
  public static List<Device> devices() {
    return whyNoTornadoVm().isPresent() ? List.of() : all();
  }

  /** Why {@link #devices} is empty, with the mend; empty where it is not. */
  public static Optional<String> whyNone() {
    Optional<String> reason = whyNoTornadoVm();
    if (reason.isEmpty() && all().isEmpty()) {
      return Optional.of(
          "TornadoVM found no device: install a driver, for example pocl-opencl-icd for OpenCL on"
              + " this processor");
    }
    return reason;
  }

  /**
   * Starts a device.
   *
   * @param id {@code jvm}, or the id of one of {@link #devices}
   * @throws IllegalArgumentException if there is no such device
   */
  public static Engine open(String id) {
    if (id.equals(JVM)) {
      return new JvmEngine();
    }
    Optional<String> reason = whyNone();
    if (reason.isPresent()) {
      throw new IllegalArgumentException("Unknown device '%s'; use jvm: %s".formatted(id, reason.get()));
    }
    for (TornadoDevices.Entry entry : TornadoDevices.all()) {
      if (entry.id().equals(id)) {
        return new TornadoEngine(entry);
      }
    }
    throw new IllegalArgumentException(
        "Unknown device '%s'; use jvm or %s"
            .formatted(id, all().stream().map(Device::id).collect(Collectors.joining(", "))));
  }

  private static List<Device> all() {
    return TornadoDevices.all().stream().map(TornadoDevices::describe).toList();
  }

  private static Optional<String> whyNoTornadoVm() {
    try {
      Class.forName(API, false, Engines.class.getClassLoader());
      return Optional.empty();
    } catch (ClassNotFoundException e) {
      String home = System.getenv("TORNADOVM_HOME");
      return Optional.of(
          home == null || home.isEmpty()
              ? "TORNADOVM_HOME is not set; install a TornadoVM SDK for JDK 25 and set it"
              : "the JVM runs without TornadoVM; start it with @%s/tornado-argfile".formatted(home));
    }
  }
}
