package io.github.tornadodiffusion.kernels;

/** What a {@link Variant} of a kernel may require of a device. */
public enum Capability {
  /** Nothing: the variant runs everywhere. */
  NOTHING,

  /** Vectors of 16 floats in every thread, as the {@link Lanes} of a CPU core. */
  VECTORS,

  /** Work groups that share local memory, as on a GPU; see {@link Tiles}. */
  WORK_GROUPS,

  /** Convolutions by Winograd's filtering where that takes less time; see {@link Convolution}. */
  WINOGRAD,

  /** The same wherever it can be. */
  WINOGRAD_EVERYWHERE
}
