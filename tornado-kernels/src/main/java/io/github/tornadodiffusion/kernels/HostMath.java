package io.github.tornadodiffusion.kernels;

/**
 * TornadoMath on the JVM: StrictMath, so that interpreted and compiled code agree to the last bit.
 */
final class HostMath {
  private HostMath() {}

  static float min(float a, float b) {
    return Math.min(a, b);
  }

  static float max(float a, float b) {
    return Math.max(a, b);
  }

  static float abs(float a) {
    return Math.abs(a);
  }

  static float exp(float value) {
    return (float) StrictMath.exp(value);
  }

  static float log(float value) {
    return (float) StrictMath.log(value);
  }

  static float sqrt(float value) {
    return (float) Math.sqrt(value);
  }

  static float sin(float angle) {
    return (float) StrictMath.sin(angle);
  }

  static float cos(float angle) {
    return (float) StrictMath.cos(angle);
  }

  static float floor(float value) {
    return (float) Math.floor(value);
  }
}
