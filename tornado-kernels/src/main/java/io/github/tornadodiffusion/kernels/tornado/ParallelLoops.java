package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.check.KernelCode;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * How many {@code @Parallel} loops a kernel nests, according to its class file. The outermost one
 * distributes rows or tiles, which is enough for the cores of a CPU; a second one distributes the
 * elements of a row, which keeps a GPU busy.
 */
final class ParallelLoops {
  private static final Map<Class<?>, Map<String, Integer>> CLASSES = new ConcurrentHashMap<>();

  private ParallelLoops() {}

  /** Nested parallel loops of a kernel. */
  static int of(Kernel kernel) {
    return CLASSES.computeIfAbsent(kernel.owner(), ParallelLoops::read).get(kernel.method());
  }

  private static Map<String, Integer> read(Class<?> owner) {
    return KernelCode.read(owner).methods.stream()
        .collect(Collectors.toMap(method -> method.name, KernelCode::parallelLoops, Math::max));
  }
}
