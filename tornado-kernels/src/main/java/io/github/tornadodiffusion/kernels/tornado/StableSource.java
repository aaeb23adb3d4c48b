package io.github.tornadodiffusion.kernels.tornado;

import java.util.List;

/**
 * Makes TornadoVM generate the same source for a kernel in every process. TornadoVM declares a
 * kernel's variables in the order of the identity hash codes of their types, which differ from
 * process to process. Drivers cache compiled code by its source, so they would compile every kernel
 * anew in every process (PoCL: 31 kernels of a training step in 8 s).
 */
public final class StableSource {
  /** The enumerations of the backends' types. */
  private static final List<String> TYPES =
      List.of(
          "uk.ac.manchester.tornado.drivers.opencl.graal.lir.OCLKind",
          "uk.ac.manchester.tornado.drivers.ptx.graal.lir.PTXKind",
          "uk.ac.manchester.tornado.drivers.cuda.graal.lir.CUDAKind",
          "uk.ac.manchester.tornado.drivers.spirv.graal.lir.SPIRVKind",
          "uk.ac.manchester.tornado.drivers.metal.graal.lir.MetalKind");

  private StableSource() {}

  /**
   * Fixes the identity hash codes of the types. Those of a JVM's first thread are a fixed sequence,
   * so the same codes come out if this is the first thing that the first thread does.
   */
  public static void prepare() {
    for (String type : TYPES) {
      try {
        for (Object constant : Class.forName(type).getEnumConstants()) {
          System.identityHashCode(constant);
        }
      } catch (ClassNotFoundException | LinkageError _) {
        // The SDK has no such backend.
      }
    }
  }
}
