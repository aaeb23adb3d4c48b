package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;

/** The device of tests that the build runs once for each. */
public final class TestDevice {
  private TestDevice() {}

  public static Engine open() {
    return Engines.open(
        System.getProperty("tornadodiffusion.device", "jvm"), EngineOptions.DEFAULT);
  }
}
