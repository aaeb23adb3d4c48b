package io.github.tornadodiffusion.kernels;

import java.util.Locale;
import java.util.stream.Stream;

/** How convolutions are computed. */
public enum Convolution {
  /** By Winograd's filtering where a device gains by it, else directly. */
  AUTO,

  /** As they are defined. */
  DIRECT,

  /**
   * By Winograd's minimal filtering (Lavin and Gray 2016) wherever it can be: for 3 x 3 weights
   * with stride 1, on devices that compute with vectors.
   */
  WINOGRAD;

  /**
   * The choice of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Convolution named(String name) {
    return Stream.of(values())
        .filter(value -> value.id().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown convolution '%s'; use auto or direct or winograd".formatted(name)));
  }

  /** The name on the command line. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Variants that choose so.
   *
   * @param gains whether the device gains by Winograd's filtering
   * @throws IllegalArgumentException if the variants have no vectors, which it is written for
   */
  public Variants in(Variants variants, boolean gains) {
    if (this == WINOGRAD && !variants.capabilities().contains(Capability.VECTORS)) {
      throw new IllegalArgumentException(
          "--conv winograd is for vectors, which --kernels %s has not; use auto or direct"
              .formatted(variants.id()));
    }
    return switch (this) {
      case AUTO -> gains ? variants.with(Capability.WINOGRAD) : variants;
      case DIRECT -> variants;
      case WINOGRAD -> variants.with(Capability.WINOGRAD_EVERYWHERE);
    };
  }
}
