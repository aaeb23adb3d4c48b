package io.github.tornadodiffusion.kernels;

/**
 * What a {@link Variant} of a kernel may require of a device. Others than those here are for
 * variants of one's own, which run where the {@link Variants} that an engine is opened with name
 * them.
 *
 * @param name in a few words
 */
public record Capability(String name) {
  /** Nothing: the variant runs everywhere. */
  public static final Capability NOTHING = new Capability("nothing");

  /** Vectors of 16 floats in every thread, as the {@link Lanes} of a CPU core. */
  public static final Capability VECTORS = new Capability("vectors");

  /** Work groups that share local memory, as on a GPU; see {@link Tiles}. */
  public static final Capability WORK_GROUPS = new Capability("work groups");

  /** Convolutions by Winograd's filtering where that takes less time; see {@link Convolution}. */
  public static final Capability WINOGRAD = new Capability("Winograd's filtering");

  /** The same wherever it can be. */
  public static final Capability WINOGRAD_EVERYWHERE =
      new Capability("Winograd's filtering everywhere");
}
