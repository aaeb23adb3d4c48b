package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.EngineProvider;
import io.github.tornadodiffusion.kernels.Variants;
import java.util.List;
import java.util.Optional;

/** The devices of TornadoVM, which is loaded when the first of them is asked for. */
public final class TornadoProvider implements EngineProvider {
  private static final String API = "uk.ac.manchester.tornado.api.TaskGraph";

  private static final String NO_DRIVER =
      "TornadoVM found no device; install a driver, for example pocl-opencl-icd for this processor";

  private static Optional<String> reason;

  @Override
  public List<Device> devices() {
    return whyNone().isPresent()
        ? List.of()
        : TornadoDevices.all().stream().map(TornadoDevices::describe).toList();
  }

  /** Determined once, because TornadoVM says why it cannot start only at the first attempt. */
  @Override
  public Optional<String> whyNone() {
    synchronized (TornadoProvider.class) {
      if (reason == null) {
        reason = start();
      }
      return reason;
    }
  }

  @Override
  public boolean has(String id) {
    return whyNone().isEmpty()
        && TornadoDevices.all().stream().anyMatch(entry -> entry.id().equals(id));
  }

  @Override
  public void check(String id, Variants variants) {
    var _ = variants.on(TornadoDevices.describe(entry(id)));
  }

  @Override
  public Engine open(String id, EngineOptions options) {
    return new TornadoEngine(entry(id), options);
  }

  private static TornadoDevices.Entry entry(String id) {
    return TornadoDevices.all().stream()
        .filter(entry -> entry.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static Optional<String> start() {
    if (!isLoaded()) {
      String home = System.getenv("TORNADOVM_HOME");
      return Optional.of(
          home == null || home.isEmpty()
              ? "TORNADOVM_HOME is not set; install a TornadoVM SDK for JDK 25 and set it"
              : "the JVM runs without TornadoVM; give it the options of %s/tornado-argfile.template"
                  .formatted(home));
    }
    Optional<String> missing = TornadoApi.missing();
    if (missing.isPresent()) {
      return Optional.of(
          "TornadoVM %s has no %s as this program needs it; let TORNADOVM_HOME name an SDK of TornadoVM 5.2.0"
              .formatted(TornadoDevices.version(), missing.get()));
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

  /**
   * Whether TornadoVM is present. It always comes as modules; the class path has only its
   * signatures.
   */
  private static boolean isLoaded() {
    try {
      return Class.forName(API, false, TornadoProvider.class.getClassLoader())
          .getModule()
          .isNamed();
    } catch (ClassNotFoundException _) {
      return false;
    }
  }

  /** The message of an error, without the colours of a terminal. */
  private static String plain(Throwable e) {
    String text = e.getMessage() == null ? e.toString() : e.getMessage();
    return text.replaceAll("\u001b\\[[0-9;]*m", "").replaceAll("\\s+", " ").strip();
  }
}
