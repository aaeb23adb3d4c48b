package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.Optional;

/**
 * A way to reach devices, found by {@link java.util.ServiceLoader}: another implementation adds its
 * devices to those of {@link Engines}.
 */
public interface EngineProvider {
  /** The devices that it reaches; those that always exist and need no choice may be left out. */
  List<Device> devices();

  /**
   * Why {@link #devices} is empty and what to do about it; empty if there are devices, or if this
   * provider never lists any.
   */
  Optional<String> whyNone();

  /** Whether the id is that of one of its devices. */
  boolean has(String id);

  /**
   * Checks that one of its devices can be used in a certain way, without allocating memory there.
   *
   * @throws IllegalArgumentException if it cannot
   */
  void check(String id, Variants variants);

  /**
   * Starts one of its devices.
   *
   * @throws IllegalArgumentException as {@link #check}
   */
  Engine open(String id, EngineOptions options);
}
