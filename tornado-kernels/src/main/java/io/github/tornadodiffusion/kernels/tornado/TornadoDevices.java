package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.module.ModuleDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** The devices of TornadoVM. The first use starts its runtime. */
final class TornadoDevices {
  /** Settings that TornadoVM reads when it starts, and that are not for the user to choose. */
  private static final List<String> SETTINGS =
      List.of(
          // A kernel that does not compile is an error: never run it as sequential Java.
          "tornado.recover.bailout=False",
          // TornadoVM cannot call methods, so it has to inline even the long ones of register
          // tiles.
          "tornado.compiler.fullInlining=True",
          // Bytes of one graph's bytecode.
          "tornado.tvm.maxbytecodesize=65536",
          // Events are cleared at every execution: the default of 32,768 takes longer than a
          // kernel.
          "tornado.max.events=64",
          // Where events do not fit, the oldest is waited for, which ends the recording of a CUDA
          // graph: more than a program's kernels and those that run once before they are recorded.
          "tornado.eventpool.size=16384",
          // SPIR-V modules are invalid with it: it leaves out stores whose values are used
          // elsewhere.
          "tornado.spirv.loadstore=False",
          // The device reports how much memory it has; the default would limit it to 4 GB.
          "tornado.device.memory=1048576GB");

  /** Drivers that SPIR-V goes to. TornadoVM would not start at all without one of them. */
  private static final String SPIRV_RUNTIMES = "tornado.spirv.runtimes";

  /** The flag of Level Zero's zeInit that asks for GPUs, and its code of success. */
  private static final int ZE_INIT_FLAG_GPU_ONLY = 1;

  private static final int ZE_RESULT_SUCCESS = 0;

  private TornadoDevices() {}

  /** A device and its id. */
  record Entry(String id, TornadoDevice device) {}

  static List<Entry> all() {
    for (String setting : SETTINGS) {
      String[] keyAndValue = setting.split("=", 2);
      System.setProperty(keyAndValue[0], keyAndValue[1]);
    }
    boolean spirv = ModuleLayer.boot().findModule("tornado.drivers.spirv").isPresent();
    if (spirv && System.getProperty(SPIRV_RUNTIMES) == null && !hasLevelZero()) {
      System.setProperty(SPIRV_RUNTIMES, "opencl");
    }
    List<Entry> entries = new ArrayList<>();
    for (TornadoBackend backend : TornadoExecutionPlan.getTornadoDeviceMap().getAllBackends()) {
      String name = backend.getBackendType().name().toLowerCase(Locale.ROOT);
      List<TornadoDevice> devices = backend.getAllDevices();
      for (int i = 0; i < devices.size(); i++) {
        entries.add(new Entry(name + ":" + i, devices.get(i)));
      }
    }
    return entries;
  }

  /** Whether Level Zero finds a GPU: TornadoVM takes its absence for an error. */
  @SuppressWarnings("restricted") // the only way to ask a driver
  private static boolean hasLevelZero() {
    try {
      Linker linker = Linker.nativeLinker();
      MemorySegment start =
          SymbolLookup.libraryLookup("libze_loader.so.1", Arena.global())
              .find("zeInit")
              .orElseThrow();
      FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
      return (int) linker.downcallHandle(start, type).invokeExact(ZE_INIT_FLAG_GPU_ONLY)
          == ZE_RESULT_SUCCESS;
    } catch (Throwable _) { // there is no such library, or none that can start
      return false;
    }
  }

  static Device describe(Entry entry) {
    TornadoDevice device = entry.device();
    return new Device(
        entry.id(),
        device.getPhysicalDevice().getDeviceName().strip(),
        device.getDeviceType().name().toLowerCase(Locale.ROOT),
        device.getPlatformName().strip(),
        driver(device),
        "TornadoVM " + version(),
        device.getPhysicalDevice().getDeviceGlobalMemorySize(),
        device.getPhysicalDevice().getDeviceMaxAllocationSize(),
        device.getPhysicalDevice().getDeviceMaxComputeUnits(),
        device.getPhysicalDevice().getMaxThreadsPerBlock(),
        device.getPhysicalDevice().getDeviceLocalMemorySize());
  }

  /** Only the text for people has it, which SPIR-V's devices on OpenCL cannot write. */
  private static String driver(TornadoDevice device) {
    String text;
    try {
      text = device.getPhysicalDevice().getDeviceInfo();
    } catch (UnsupportedOperationException _) {
      return "";
    }
    return text.lines()
        .filter(line -> line.startsWith("Driver version"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("");
  }

  static String version() {
    ModuleDescriptor module = TornadoDevice.class.getModule().getDescriptor();
    return Optional.ofNullable(module).flatMap(ModuleDescriptor::rawVersion).orElse("");
  }
}
