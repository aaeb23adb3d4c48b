package io.github.tornadodiffusion.diffusion.model;

import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;

/**
 * How much memory a plan needs, known before anything is allocated.
 *
 * @param arenaFloats length of the device's arena
 * @param hostFloats parameters and states that are on the host at the same time
 */
public record MemoryNeed(long arenaFloats, long hostFloats) {
  /** What to do about a heap that is too small. */
  public static final String LARGER_HEAP =
      "a larger heap, TORNADODIFFUSION_JAVA_OPTS=-Xmx8g for 8 GiB";

  /** What the program itself needs. */
  private static final long PROGRAM_MIB = 48;

  /** Parameters of a model. */
  public static long parameters(UNet2DConfig config) {
    return new UNet2DModel(config).parameters().count();
  }

  /** All of it in MiB. */
  public long mib() {
    return PROGRAM_MIB + (Float.BYTES * (arenaFloats + hostFloats) >> 20);
  }

  /** What the JVM can still allocate, in MiB. */
  public static long availableMib() {
    Runtime runtime = Runtime.getRuntime();
    long used = runtime.totalMemory() - runtime.freeMemory();
    return runtime.maxMemory() - used >> 20;
  }

  /** The largest array that fits: a JVM divides its heap, and an array must fit into one part. */
  private static long largestPieceMib() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getUsage)
            .mapToLong(
                use -> (use.getMax() < 0 ? use.getCommitted() : use.getMax()) - use.getUsed())
            .max()
            .orElse(Long.MAX_VALUE)
        >> 20;
  }

  /**
   * Checks that there is enough memory.
   *
   * @param options which options make the need smaller, for instance {@code --batch}
   * @throws IllegalArgumentException saying how much is needed
   */
  public void check(String options) {
    if (arenaFloats > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException(
          "this needs %d MiB of memory in one piece, more than the %d MiB that are possible; use a"
                  .formatted(arenaFloats >> 18, Integer.MAX_VALUE >> 18)
              + " smaller "
              + options);
    }
    long piece = largestPieceMib();
    if (arenaFloats >> 18 > piece) {
      throw new IllegalArgumentException(
          "this needs %d MiB of memory in one piece and %d MiB are there; use a smaller %s or %s"
              .formatted(arenaFloats >> 18, piece, options, LARGER_HEAP));
    }
    if (mib() > availableMib()) {
      throw new IllegalArgumentException(
          "this needs %d MiB of memory and %d MiB are there; use a smaller %s or %s"
              .formatted(mib(), availableMib(), options, LARGER_HEAP));
    }
  }
}
