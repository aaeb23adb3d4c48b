package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.WorkGroup;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.bytecode.ParallelLoop;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The threads of a launch. There is one grid for each kernel, whatever the shape: loops stride over
 * it.
 *
 * @param x threads side by side; of two or three nested loops the innermost strides over them
 * @param y threads that the loop around that one strides over
 * @param z threads that the outermost of three loops strides over
 * @param localX threads of a work group, side by side
 * @param localY rows of a work group
 */
record Grid(int x, int y, int z, int localX, int localY) {
  /** Threads that read memory together on a GPU. */
  private static final int WARP = 32;

  /** Threads of a work group. */
  private static final int THREADS = 128;

  /** Work groups that keep a compute unit busy, where it is not known how many fit. */
  private static final int GROUPS = 8;

  private static final int TILE_GROUPS = 4;

  private static final Map<Kernel, Integer> NESTED = new ConcurrentHashMap<>();

  private static Grid row(int threads, int local) {
    return new Grid(threads, 1, 1, local, 1);
  }

  /** The grid of a kernel on a device that runs such variants. */
  static Grid of(Kernel kernel, Device device, Variants variants) {
    int units = device.computeUnits();
    if (kernel.workGroup().isPresent()) {
      int threads = kernel.workGroup().get().threads();
      return row(groups(kernel, device, TILE_GROUPS) * units * threads, threads);
    }
    if (variants.capabilities().contains(Capability.VECTORS)) {
      // A few for each core, to even out the load.
      return row(16 * units, 1);
    }
    int local = Math.min(THREADS, device.workGroup());
    int groups = groups(kernel, device, GROUPS) * units;
    // TornadoVM makes the innermost loop the first dimension: neighbours read neighbours.
    return switch (nested(kernel)) {
      case 1 -> row(groups * local, local);
      case 2 -> new Grid(local, groups, 1, local, 1);
      default -> {
        int wide = Math.min(WARP, local);
        yield new Grid(wide, local / wide, groups, wide, local / wide);
      }
    };
  }

  /** As many as run at once: the rest would wait for a compute unit of its own. */
  private static int groups(Kernel kernel, Device device, int usual) {
    return device.type().equals("gpu") ? Occupancy.groups(kernel).orElse(usual) : usual;
  }

  /** Parallel loops of a kernel, one in the other. */
  static int nested(Kernel kernel) {
    return NESTED.computeIfAbsent(
        kernel,
        k ->
            KernelCode.read(k.owner()).methods.stream()
                .filter(method -> method.name.equals(k.method()))
                .mapToInt(ParallelLoop::nested)
                .max()
                .orElse(0));
  }

  /**
   * Checks what TornadoVM does not check: it would silently launch the kernel with other work
   * groups, or not at all.
   *
   * @throws IllegalArgumentException if the device cannot run the kernel on this grid
   */
  void check(Kernel kernel, Device device) {
    if (x % localX != 0 || y % localY != 0) {
      throw new IllegalArgumentException(
          "%s: %d x %d threads are no multiple of a work group of %d x %d"
              .formatted(kernel.id(), x, y, localX, localY));
    }
    if (localX * localY > device.workGroup()) {
      throw new IllegalArgumentException(
          "%s needs work groups of %d threads where %s has at most %d; use --kernels threads"
              .formatted(kernel.id(), localX * localY, device.id(), device.workGroup()));
    }
    int bytes = kernel.workGroup().map(WorkGroup::localBytes).orElse(0);
    if (bytes > device.localMemory()) {
      throw new IllegalArgumentException(
          "%s needs %d bytes of local memory where %s has %d; use --kernels threads"
              .formatted(kernel.id(), bytes, device.id(), device.localMemory()));
    }
  }
}
