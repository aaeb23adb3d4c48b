package io.github.tornadodiffusion.kernels;

/** What a {@link Variant} of a kernel may ask of a device. */
public enum Capability {
  /** Vectors of 16 floats a thread: what {@link Lanes} are on the cores of a CPU. */
  VECTORS,

  /** Work groups that share local memory, as a GPU has them: what {@link Tiles} are written for. */
  WORK_GROUPS
}
