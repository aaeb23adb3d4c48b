package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.WorkGroup;

/**
 * The threads of a launch. There is one grid for each kernel, whatever the shape: loops stride over
 * it.
 *
 * @param x threads in a row
 * @param y rows
 * @param local threads of a work group, all of one row
 */
record Grid(int x, int y, int local) {
  /** The grid of a kernel on a device that runs such variants. */
  static Grid of(Kernel kernel, Device device, Variants variants) {
    int units = device.computeUnits();
    if (kernel.workGroup().isPresent()) {
      // As many work groups as a compute unit of a GPU has registers for.
      int threads = kernel.workGroup().get().threads();
      return new Grid(4 * units * threads, 1, threads);
    }
    if (variants.capabilities().contains(Capability.VECTORS) && device.type().equals("cpu")) {
      // A few for each core, to even out the load.
      return new Grid(16 * units, 1, 1);
    }
    if (ParallelLoops.of(kernel) == 2) {
      // On a GPU TornadoVM makes the inner loop the first dimension: neighbouring threads read
      // neighbouring floats.
      int local = Math.min(128, device.workGroup());
      return new Grid(local, 8 * units, local);
    }
    int local = Math.min(64, device.workGroup());
    return new Grid(4 * units * local, 1, local);
  }

  /**
   * Checks what TornadoVM does not check: it would silently launch the kernel with other work
   * groups, or not at all.
   *
   * @throws IllegalArgumentException if the device cannot run the kernel on this grid
   */
  void check(Kernel kernel, Device device) {
    if (x % local != 0) {
      throw new IllegalArgumentException(
          "%s: %d threads are no multiple of a work group of %d".formatted(kernel.id(), x, local));
    }
    if (local > device.workGroup()) {
      throw new IllegalArgumentException(
          "%s needs work groups of %d threads where %s has at most %d; use --kernels lanes"
              .formatted(kernel.id(), local, device.id(), device.workGroup()));
    }
    int bytes = kernel.workGroup().map(WorkGroup::localBytes).orElse(0);
    if (bytes > device.localMemory()) {
      throw new IllegalArgumentException(
          "%s needs %d bytes of local memory where %s has %d; use --kernels lanes"
              .formatted(kernel.id(), bytes, device.id(), device.localMemory()));
    }
  }
}
