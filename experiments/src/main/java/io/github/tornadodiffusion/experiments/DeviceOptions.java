package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.JvmEngine;
import io.github.tornadodiffusion.kernels.Variants;
import picocli.CommandLine.Option;

/** The options of every command that computes. */
final class DeviceOptions {
  private static final String JVM = "jvm";

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = JVM,
      description = "Device to compute on, as 'devices' lists them (default: jvm).")
  String device;

  @Option(
      names = "--kernels",
      paramLabel = "SET",
      defaultValue = "auto",
      description =
          "Variants of kernels: lanes (for a CPU), tiles (for a GPU), or auto: by the device's type"
              + " (default).")
  String kernels;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the jvm device (default: all cores); no influence on results.")
  Integer threads;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  /**
   * Checks the options without taking memory or threads.
   *
   * @throws IllegalArgumentException if the device or its variants of kernels do not exist or there
   *     are no threads
   */
  void check() {
    Engines.check(device, Variants.named(kernels));
    if (threads != null && (threads < 1 || threads > 1024)) {
      throw new IllegalArgumentException("--threads is " + threads + "; give 1 to 1024");
    }
  }

  /** Threads that the jvm device computes with. */
  int threads() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /** Starts the device. */
  Engine open() {
    check();
    return device.equals(JVM)
        ? new JvmEngine(threads())
        : Engines.open(device, Variants.named(kernels));
  }
}
