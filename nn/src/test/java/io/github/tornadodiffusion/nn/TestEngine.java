package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Convolution;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;

/** The device that tests compute on: the build runs them once for each. */
public final class TestEngine {
  private static final String DEVICE = System.getProperty("tornadodiffusion.device", "jvm");
  private static final Variants VARIANTS =
      Variants.named(System.getProperty("tornadodiffusion.kernels", "auto"));

  /** Of all tests. */
  public static final Engine ENGINE = Engines.open(DEVICE, EngineOptions.DEFAULT.with(VARIANTS));

  private TestEngine() {}

  public static boolean isJvm() {
    return ENGINE instanceof JvmEngine;
  }

  /** One more engine of the device, which computes convolutions so. */
  public static Engine another(Convolution convolution) {
    return Engines.open(DEVICE, EngineOptions.DEFAULT.with(VARIANTS).with(convolution));
  }

  /** One more engine of the device: the jvm with so many threads, any other as it is. */
  public static Engine another(int threads) {
    return isJvm()
        ? new JvmEngine(threads)
        : Engines.open(DEVICE, EngineOptions.DEFAULT.with(VARIANTS));
  }
}
