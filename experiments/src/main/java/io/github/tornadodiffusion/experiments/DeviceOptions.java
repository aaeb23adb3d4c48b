package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.JvmEngine;
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
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the jvm device (default: all cores); no influence on results.")
  Integer threads;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  /**
   * Checks the options without taking memory or threads.
   *
   * @throws IllegalArgumentException if the device does not exist or there are no threads
   */
  void check() {
    Engines.check(device);
    if (threads != null && (threads < 1 || threads > 1024)) {
      throw new IllegalArgumentException("--threads is " + threads + "; give 1 to 1024");
    }
  }

  /** Whether it is this JVM that computes. */
  boolean isJvm() {
    return device.equals(JVM);
  }

  /** The device for people. */
  String describe() {
    return isJvm() ? "%s with %d threads".formatted(device, threads()) : device;
  }

  /** Threads that the jvm device computes with. */
  int threads() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /** Starts the device. */
  Engine open() {
    check();
    return isJvm() ? new JvmEngine(threads()) : Engines.open(device);
  }
}
