package io.github.tornadodiffusion.kernels;

import io.github.tornadodiffusion.kernels.jvm.HostLanes;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The vector arithmetic that kernels are written in, for a TornadoVM device. The jvm engine
 * replaces this class with {@link HostLanes}, so both must offer the same methods. A vector has
 * {@link #width()} lanes: kernels ask, because the jvm engine uses the width of the processor it
 * runs on (16, 8 or 4), which always divides 16.
 */
public final class Lanes {
  private Lanes() {}

  /** Lanes of a vector. */
  public static int width() {
    return 16;
  }

  /**
   * a in all lanes: to multiply by a number, multiply by its splat, because {@code
   * Float16.mult(Float16, float)} expands to sixteen scalar multiplications.
   */
  public static Float16 splat(float a) {
    return new Float16(a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a);
  }

  /** Zero in all lanes. */
  public static Float16 zero() {
    return new Float16(0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f);
  }

  /** a + b. */
  public static Float16 add(Float16 a, Float16 b) {
    return Float16.add(a, b);
  }

  /** a - b. */
  public static Float16 sub(Float16 a, Float16 b) {
    return Float16.sub(a, b);
  }

  /** a * b. */
  public static Float16 mul(Float16 a, Float16 b) {
    return Float16.mult(a, b);
  }

  /** a / b. */
  public static Float16 div(Float16 a, Float16 b) {
    return Float16.div(a, b);
  }

  /** The smaller of each pair of lanes. */
  public static Float16 min(Float16 a, Float16 b) {
    return Float16.min(a, b);
  }

  /** The larger of each pair of lanes. */
  public static Float16 max(Float16 a, Float16 b) {
    return Float16.max(a, b);
  }

  /** a * b + c, fused where the device allows it. */
  public static Float16 mulAdd(Float16 a, Float16 b, Float16 c) {
    return Float16.add(c, Float16.mult(a, b));
  }

  /** e^v. */
  public static Float16 exp(Float16 v) {
    return new Float16(
        TornadoMath.exp(v.getS0()),
        TornadoMath.exp(v.getS1()),
        TornadoMath.exp(v.getS2()),
        TornadoMath.exp(v.getS3()),
        TornadoMath.exp(v.getS4()),
        TornadoMath.exp(v.getS5()),
        TornadoMath.exp(v.getS6()),
        TornadoMath.exp(v.getS7()),
        TornadoMath.exp(v.getS8()),
        TornadoMath.exp(v.getS9()),
        TornadoMath.exp(v.getS10()),
        TornadoMath.exp(v.getS11()),
        TornadoMath.exp(v.getS12()),
        TornadoMath.exp(v.getS13()),
        TornadoMath.exp(v.getS14()),
        TornadoMath.exp(v.getS15()));
  }

  /** The square root. */
  public static Float16 sqrt(Float16 v) {
    return new Float16(
        TornadoMath.sqrt(v.getS0()),
        TornadoMath.sqrt(v.getS1()),
        TornadoMath.sqrt(v.getS2()),
        TornadoMath.sqrt(v.getS3()),
        TornadoMath.sqrt(v.getS4()),
        TornadoMath.sqrt(v.getS5()),
        TornadoMath.sqrt(v.getS6()),
        TornadoMath.sqrt(v.getS7()),
        TornadoMath.sqrt(v.getS8()),
        TornadoMath.sqrt(v.getS9()),
        TornadoMath.sqrt(v.getS10()),
        TornadoMath.sqrt(v.getS11()),
        TornadoMath.sqrt(v.getS12()),
        TornadoMath.sqrt(v.getS13()),
        TornadoMath.sqrt(v.getS14()),
        TornadoMath.sqrt(v.getS15()));
  }

  /**
   * The complementary error function of v at least 0, with a relative error below 1.2e-7 before
   * rounding (Press et al., Numerical Recipes, erfcc: a Chebyshev fit).
   */
  public static Float16 erfc(Float16 v) {
    Float16 t = div(splat(1f), mulAdd(v, splat(0.5f), splat(1f)));
    Float16 p = splat(0.17087277f);
    p = mulAdd(p, t, splat(-0.82215223f));
    p = mulAdd(p, t, splat(1.48851587f));
    p = mulAdd(p, t, splat(-1.13520398f));
    p = mulAdd(p, t, splat(0.27886807f));
    p = mulAdd(p, t, splat(-0.18628806f));
    p = mulAdd(p, t, splat(0.09678418f));
    p = mulAdd(p, t, splat(0.37409196f));
    p = mulAdd(p, t, splat(1.00002368f));
    p = mulAdd(p, t, splat(-1.26551223f));
    return mul(t, exp(sub(p, mul(v, v))));
  }

  /** The sum of all lanes, as a tree of fixed shape. */
  public static float sum(Float16 v) {
    float a = (v.getS0() + v.getS8()) + (v.getS4() + v.getS12());
    float b = (v.getS1() + v.getS9()) + (v.getS5() + v.getS13());
    float c = (v.getS2() + v.getS10()) + (v.getS6() + v.getS14());
    float d = (v.getS3() + v.getS11()) + (v.getS7() + v.getS15());
    return (a + c) + (b + d);
  }

  /** The largest lane. */
  public static float largest(Float16 v) {
    float a =
        TornadoMath.max(
            TornadoMath.max(v.getS0(), v.getS8()), TornadoMath.max(v.getS4(), v.getS12()));
    float b =
        TornadoMath.max(
            TornadoMath.max(v.getS1(), v.getS9()), TornadoMath.max(v.getS5(), v.getS13()));
    float c =
        TornadoMath.max(
            TornadoMath.max(v.getS2(), v.getS10()), TornadoMath.max(v.getS6(), v.getS14()));
    float d =
        TornadoMath.max(
            TornadoMath.max(v.getS3(), v.getS11()), TornadoMath.max(v.getS7(), v.getS15()));
    return TornadoMath.max(TornadoMath.max(a, c), TornadoMath.max(b, d));
  }

  /**
   * Writes zeros to {@code floats} floats from {@code offset} on, both multiples of {@link
   * #width()}.
   */
  public static void clear(VectorFloat16 v, int offset, int floats) {
    int from = offset / width();
    int to = (offset + floats) / width();
    for (int i = from; i < to; i++) {
      v.set(i, zero());
    }
  }
}
