package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.Optional;

/**
 * A way to reach devices, found by {@link java.util.ServiceLoader}: another implementation adds its
 * devices to those of {@link Engines}.
 */
public interface EngineProvider {
  /**
   * The devices that it reaches; those that are always there and need no choice may be left out.
   */
  List<Device> devices();

  /** Why {@link #devices} is empty, with the mend; empty where it is not, or never has any. */
  Optional<String> whyNone();

  /** Whether a device of that id is one of its own. */
  boolean has(String id);

  /**
   * Checks how one of its devices is to be used, without taking memory of it.
   *
   * @throws IllegalArgumentException if it cannot be used like that
   */
  void check(String id, Variants variants);

  /**
   * Starts one of its devices.
   *
   * @throws IllegalArgumentException as {@link #check}
   */
  Engine open(String id, EngineOptions options);
}
