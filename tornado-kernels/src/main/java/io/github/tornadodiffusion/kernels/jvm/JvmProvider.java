package io.github.tornadodiffusion.kernels.jvm;

import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.EngineProvider;
import io.github.tornadodiffusion.kernels.Variants;
import java.util.List;
import java.util.Optional;

/** The device {@code jvm}, which is always there. */
public final class JvmProvider implements EngineProvider {
  @Override
  public List<Device> devices() {
    return List.of();
  }

  @Override
  public Optional<String> whyNone() {
    return Optional.empty();
  }

  @Override
  public boolean has(String id) {
    return id.equals("jvm");
  }

  @Override
  public void check(String id, Variants variants) {
    if (variants.capabilities().contains(Capability.WORK_GROUPS)
        || variants.equals(Variants.THREADS)) {
      throw new IllegalArgumentException(
          "jvm computes with lanes only; leave out --kernels %s or name another --device"
              .formatted(variants.id()));
    }
  }

  @Override
  public Engine open(String id, EngineOptions options) {
    check(id, options.variants());
    return new JvmEngine(options);
  }
}
