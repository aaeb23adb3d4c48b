package io.github.tornadodiffusion.experiments.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import jdk.incubator.vector.FloatVector;

/**
 * The machine that the program runs on. On Linux the data come from {@code /proc}, elsewhere from
 * Java.
 *
 * @param cpu the processor's model name
 * @param cores logical processors that the JVM may use
 * @param memoryMib physical memory
 * @param vectorLanes float lanes of the processor's preferred vector
 * @param operatingSystem name, version and architecture
 * @param jvm name and version of the Java virtual machine
 */
public record Machine(
    String cpu, int cores, long memoryMib, int vectorLanes, String operatingSystem, String jvm) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final Path SELF_STATUS = Path.of("/proc/self/status");

  /** This machine. */
  static Machine current() {
    return new Machine(
        cpuModel(),
        Runtime.getRuntime().availableProcessors(),
        physicalMemory() >> 20,
        FloatVector.SPECIES_PREFERRED.length(),
        systemName(),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
  }

  static String systemName() {
    return "%s %s %s"
        .formatted(
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            System.getProperty("os.arch"));
  }

  private static String cpuModel() {
    String model = field(CPU_INFO, "model name");
    return model.isEmpty() ? System.getProperty("os.arch") : model;
  }

  /** Physical memory in bytes, or the limit of a container. */
  static long physicalMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : Runtime.getRuntime().maxMemory();
  }

  /** The peak resident memory of this process in MiB; empty if it is not known. */
  public static OptionalDouble peakResidentMib() {
    String value = field(SELF_STATUS, "VmHWM");
    return value.endsWith(" kB")
        ? OptionalDouble.of(Long.parseLong(value.substring(0, value.length() - 3).strip()) / 1024.0)
        : OptionalDouble.empty();
  }

  /** The value of the first line {@code name : value}, or an empty string. */
  private static String field(Path file, String name) {
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
          return line.substring(colon + 1).strip();
        }
      }
      return "";
    } catch (IOException e) {
      return "";
    }
  }
}
