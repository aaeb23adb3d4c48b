package io.github.tornadodiffusion.kernels.jvm;

import io.github.tornadodiffusion.kernels.Lanes;

/** {@link Lanes} of width one: what the JVM makes of plain loops over floats. */
public final class HostScalars {
  private HostScalars() {}

  public static int width() {
    return 1;
  }

  public static float splat(float a) {
    return a;
  }

  public static float zero() {
    return 0;
  }

  public static float add(float a, float b) {
    return a + b;
  }

  public static float sub(float a, float b) {
    return a - b;
  }

  public static float mul(float a, float b) {
    return a * b;
  }

  public static float div(float a, float b) {
    return a / b;
  }

  public static float min(float a, float b) {
    return Math.min(a, b);
  }

  public static float max(float a, float b) {
    return Math.max(a, b);
  }

  public static float mulAdd(float a, float b, float c) {
    return Math.fma(a, b, c);
  }

  public static float exp(float v) {
    return (float) Math.exp(v);
  }

  public static float sqrt(float v) {
    return (float) Math.sqrt(v);
  }

  /** See {@link Lanes#erfc}. */
  public static float erfc(float v) {
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

  public static float sum(float v) {
    return v;
  }

  public static float largest(float v) {
    return v;
  }

  public static void clear(HostScalarView v, int offset, int floats) {
    v.clear(offset, floats);
  }
}
