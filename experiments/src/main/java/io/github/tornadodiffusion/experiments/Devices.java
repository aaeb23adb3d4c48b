package io.github.tornadodiffusion.experiments;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The devices that programs can run on. */
final class Devices {
  /** Why there is no other device than jvm, in words that follow a colon. */
  static final String WHY_ONLY_JVM = whyOnlyJvm();

  private Devices() {}

  private static String whyOnlyJvm() {
    return System.getenv("TORNADOVM_HOME") == null
        ? "TornadoVM devices are not listed because TORNADOVM_HOME is not set"
        : "this version does not run on TornadoVM devices yet";
  }

  /** Every device as the fields to print, {@code device} first. */
  static List<Map<String, Object>> list() {
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
    return List.of(jvm);
  }
}
