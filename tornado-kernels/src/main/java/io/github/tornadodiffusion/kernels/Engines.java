package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds the engine for a device among all {@link EngineProvider}s. */
public final class Engines {
  /** No class of TornadoVM is loaded before one of its devices is asked for. */
  private static final List<EngineProvider> PROVIDERS =
      ServiceLoader.load(EngineProvider.class, Engines.class.getClassLoader()).stream()
          .map(ServiceLoader.Provider::get)
          .toList();

  private Engines() {}

  /** The devices besides {@code jvm}; empty where there is no TornadoVM. */
  public static List<Device> devices() {
    return PROVIDERS.stream().flatMap(provider -> provider.devices().stream()).toList();
  }

  /** Why {@link #devices} is empty and what to do about it; empty if there are devices. */
  public static Optional<String> whyNone() {
    return devices().isEmpty() ? reasons().findFirst() : Optional.empty();
  }

  private static Stream<String> reasons() {
    return PROVIDERS.stream().flatMap(provider -> provider.whyNone().stream());
  }

  /**
   * Starts a device.
   *
   * @param id {@code jvm}, or the id of one of {@link #devices}
   * @throws IllegalArgumentException if there is no such device, or it has no such variants
   */
  public static Engine open(String id, EngineOptions options) {
    return find(id).open(id, options);
  }

  /**
   * Checks that a device exists, without allocating memory there.
   *
   * @throws IllegalArgumentException as {@link #open}
   */
  public static void check(String id, Variants variants) {
    find(id).check(id, variants);
  }

  private static EngineProvider find(String id) {
    return PROVIDERS.stream()
        .filter(provider -> provider.has(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(unknown(id)));
  }

  private static String unknown(String id) {
    String known =
        Stream.concat(Stream.of("jvm"), devices().stream().map(Device::id))
            .collect(Collectors.joining(", "));
    return whyNone()
        .map(reason -> "unknown device '%s'; use %s: %s".formatted(id, known, reason))
        .orElseGet(() -> "unknown device '%s'; use %s".formatted(id, known));
  }
}
