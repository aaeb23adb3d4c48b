package io.github.tornadodiffusion.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@link Lanes} of width one, for devices with work groups: a vector is a {@code float}, a thread
 * computes one lane, and the thread beside it the lane beside it. It takes the place of {@link
 * Lanes} there, so both must offer the same methods.
 */
public final class ThreadLanes {
  private ThreadLanes() {}

  /** See {@link Lanes#width}. */
  public static int width() {
    return 1;
  }

  /** See {@link Lanes#splat}. */
  public static float splat(float a) {
    return a;
  }

  /** See {@link Lanes#zero}. */
  public static float zero() {
    return 0f;
  }

  /** See {@link Lanes#add}. */
  public static float add(float a, float b) {
    return a + b;
  }

  /** See {@link Lanes#sub}. */
  public static float sub(float a, float b) {
    return a - b;
  }

  /** See {@link Lanes#mul}. */
  public static float mul(float a, float b) {
    return a * b;
  }

  /** See {@link Lanes#div}. */
  public static float div(float a, float b) {
    return a / b;
  }

  /** See {@link Lanes#min}. */
  public static float min(float a, float b) {
    return TornadoMath.min(a, b);
  }

  /** See {@link Lanes#max}. */
  public static float max(float a, float b) {
    return TornadoMath.max(a, b);
  }

  /** See {@link Lanes#mulAdd}. */
  public static float mulAdd(float a, float b, float c) {
    return a * b + c;
  }

  /** See {@link Lanes#exp}. */
  public static float exp(float v) {
    return TornadoMath.exp(v);
  }

  /** See {@link Lanes#sqrt}. */
  public static float sqrt(float v) {
    return TornadoMath.sqrt(v);
  }

  /**
   * The sine, in the place of TornadoMath's: the one of a GPU is right to 5e-7 near zero, and loses
   * a digit with each digit that the angle has before its point. The angle is reduced to half a
   * quarter turn with pi / 2 in three parts (Cody and Waite 1980), which is exact up to 8,000.
   */
  public static float sin(float angle) {
    return wave(angle, 0);
  }

  /** The cosine; see {@link #sin}. */
  public static float cos(float angle) {
    return wave(angle, 1);
  }

  /**
   * The sine of an angle and so many quarter turns. Polynomials: Moshier, Cephes, sinf and cosf.
   */
  private static float wave(float angle, int turns) {
    float quarters = angle * 0.63661977f;
    int nearest = (int) (quarters < 0f ? quarters - 0.5f : quarters + 0.5f);
    float x = ((angle - nearest * 1.5703125f) - nearest * 4.837513e-4f) - nearest * 7.5497901e-8f;
    float z = x * x;
    float sine = ((-1.9515296e-4f * z + 8.3321609e-3f) * z - 1.6666655e-1f) * z * x + x;
    float cosine =
        ((2.4433157e-5f * z - 1.3887316e-3f) * z + 4.1666646e-2f) * z * z - 0.5f * z + 1f;
    int quadrant = nearest + turns;
    float value = (quadrant & 1) == 0 ? sine : cosine;
    return (quadrant & 2) == 0 ? value : -value;
  }

  /** See {@link Lanes#erfc}. */
  public static float erfc(float v) {
    float t = 1f / (v * 0.5f + 1f);
    return t * TornadoMath.exp(ErrorFunction.exponent(t) - v * v);
  }

  /** See {@link Lanes#sum}. */
  public static float sum(float v) {
    return v;
  }

  /** See {@link Lanes#largest}. */
  public static float largest(float v) {
    return v;
  }

  /** See {@link Lanes#clear}. */
  public static void clear(FloatArray m, int offset, int floats) {
    for (int i = offset; i < offset + floats; i++) {
      m.set(i, 0f);
    }
  }

  /** See {@link Lanes#clear}; the threads of the first dimension share it. */
  public static void clear(FloatArray m, int offset, int floats, KernelContext c) {
    for (int i = offset + c.globalIdx; i < offset + floats; i += c.globalGroupSizeX) {
      m.set(i, 0f);
    }
  }
}
