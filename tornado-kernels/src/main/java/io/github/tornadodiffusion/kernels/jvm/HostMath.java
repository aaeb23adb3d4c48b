package io.github.tornadodiffusion.kernels.jvm;

/**
 * TornadoMath on the JVM: StrictMath, so that interpreted and compiled code agree to the last bit.
 */
public final class HostMath {
  private HostMath() {}

  public static float min(float a, float b) {
    return Math.min(a, b);
  }

  public static float max(float a, float b) {
    return Math.max(a, b);
  }

  public static float abs(float a) {
    return Math.abs(a);
  }

  public static float exp(float value) {
    return (float) StrictMath.exp(value);
  }

  public static float log(float value) {
    return (float) StrictMath.log(value);
  }

  public static float sqrt(float value) {
    return (float) Math.sqrt(value);
  }

  public static float sin(float angle) {
    return (float) StrictMath.sin(angle);
  }

  public static float cos(float angle) {
    return (float) StrictMath.cos(angle);
  }

  public static float floor(float value) {
    return (float) Math.floor(value);
  }
}
