package io.github.tornadodiffusion.kernels;

/** {@link Lanes} of width one: what the JVM makes of plain loops over floats. */
final class HostScalars {
  private HostScalars() {}

  static int width() {
    return 1;
  }

  static float splat(float a) {
    return a;
  }

  static float zero() {
    return 0;
  }

  static float add(float a, float b) {
    return a + b;
  }

  static float sub(float a, float b) {
    return a - b;
  }

  static float mul(float a, float b) {
    return a * b;
  }

  static float div(float a, float b) {
    return a / b;
  }

  static float min(float a, float b) {
    return Math.min(a, b);
  }

  static float max(float a, float b) {
    return Math.max(a, b);
  }

  static float mulAdd(float a, float b, float c) {
    return Math.fma(a, b, c);
  }

  static float exp(float v) {
    return (float) Math.exp(v);
  }

  static float sqrt(float v) {
    return (float) Math.sqrt(v);
  }

  /** See {@link Lanes#erfc}. */
  static float erfc(float v) {
    float t = 1 / Math.fma(v, 0.5f, 1f);
    float p = 0.17087277f;
    p = Math.fma(p, t, -0.82215223f);
    p = Math.fma(p, t, 1.48851587f);
    p = Math.fma(p, t, -1.13520398f);
    p = Math.fma(p, t, 0.27886807f);
    p = Math.fma(p, t, -0.18628806f);
    p = Math.fma(p, t, 0.09678418f);
    p = Math.fma(p, t, 0.37409196f);
    p = Math.fma(p, t, 1.00002368f);
    p = Math.fma(p, t, -1.26551223f);
    return t * exp(p - v * v);
  }

  static float sum(float v) {
    return v;
  }

  static float largest(float v) {
    return v;
  }

  static void clear(HostScalarView v, int offset, int floats) {
    v.clear(offset, floats);
  }
}
