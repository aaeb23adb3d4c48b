package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds the engine for a device. Loads TornadoVM only when a device of TornadoVM is asked for. */
public final class Engines {
  private static final String JVM = "jvm";
  private static final String API = "uk.ac.manchester.tornado.api.TaskGraph";

  private static final String NO_DRIVER =
      "TornadoVM found no device; install a driver, for example pocl-opencl-icd for this processor";

  private static Optional<String> reason;

  private Engines() {}

  /** The devices of TornadoVM; empty where there is no TornadoVM. */
  public static List<Device> devices() {
    return whyNoTornadoVm().isPresent() ? List.of() : all();
  }

  /** Why {@link #devices} is empty, with the mend; empty where it is not. */
  public static Optional<String> whyNone() {
    return whyNoTornadoVm();
  }

  /**
   * Starts a device.
   *
   * @param id {@code jvm}, or the id of one of {@link #devices}
   * @throws IllegalArgumentException if there is no such device, or it has no such variants
   */
  public static Engine open(String id, EngineOptions options) {
    check(id, options.variants());
    return id.equals(JVM) ? new JvmEngine(options.threads()) : new TornadoEngine(find(id), options);
  }

  /**
   * Checks that a device is there, without taking memory of it.
   *
   * @throws IllegalArgumentException as {@link #open}
   */
  public static void check(String id, Variants variants) {
    if (!id.equals(JVM)) {
      find(id);
    } else if (variants == Variants.TILES) {
      throw new IllegalArgumentException(
          "jvm computes with lanes only; leave out --kernels tiles or name another --device");
    }
  }

  private static TornadoDevices.Entry find(String id) {
    Optional<String> reason = whyNone();
    if (reason.isPresent()) {
      throw new IllegalArgumentException(
          "unknown device '%s'; use jvm: %s".formatted(id, reason.get()));
    }
    List<TornadoDevices.Entry> entries = TornadoDevices.all();
    return entries.stream()
        .filter(entry -> entry.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown device '%s'; use jvm, %s"
                    .formatted(
                        id,
                        entries.stream()
                            .map(TornadoDevices.Entry::id)
                            .collect(Collectors.joining(", ")))));
  }

  private static List<Device> all() {
    return TornadoDevices.all().stream().map(TornadoDevices::describe).toList();
  }

  /** Answered once: TornadoVM cannot start a second time and says why only the first. */
  private static synchronized Optional<String> whyNoTornadoVm() {
    if (reason == null) {
      reason = startTornadoVm();
    }
    return reason;
  }

  private static Optional<String> startTornadoVm() {
    try {
      Class.forName(API, false, Engines.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      String home = System.getenv("TORNADOVM_HOME");
      return Optional.of(
          home == null || home.isEmpty()
              ? "TORNADOVM_HOME is not set; install a TornadoVM SDK for JDK 25 and set it"
              : "the JVM runs without TornadoVM; give it the options of %s/tornado-argfile.template"
                  .formatted(home));
    }
    try {
      return TornadoDevices.all().isEmpty() ? Optional.of(NO_DRIVER) : Optional.empty();
    } catch (RuntimeException | LinkageError e) {
      // TornadoVM starts in a static initializer.
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      return Optional.of("%s (%s)".formatted(NO_DRIVER, plain(cause)));
    }
  }

  /** What an error says, without the colours of a terminal. */
  private static String plain(Throwable e) {
    String text = e.getMessage() == null ? e.toString() : e.getMessage();
    return text.replaceAll("\u001b\\[[0-9;]*m", "").replaceAll("\\s+", " ").strip();
  }
}
