package io.github.tornadodiffusion.kernels;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Which variant of a kernel a device runs, where there are two. */
public enum Variants {
  /** What suits the type of the device. */
  AUTO,

  /** Vectors of 16 floats a thread, for the cores of a CPU. */
  LANES,

  /** Work groups that share tiles in local memory, for a GPU. */
  TILES;

  /**
   * The variants of that name.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Variants named(String name) {
    return Arrays.stream(values())
        .filter(variants -> variants.id().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown kernels '%s'; use %s"
                    .formatted(
                        name,
                        Arrays.stream(values())
                            .map(Variants::id)
                            .collect(Collectors.joining(" or ")))));
  }

  /** The name, in lower case. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The variants themselves, or for {@link #AUTO} those for a type of device. */
  public Variants on(String deviceType) {
    if (this != AUTO) {
      return this;
    }
    return deviceType.equals("cpu") ? LANES : TILES;
  }
}
