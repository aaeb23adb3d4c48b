package io.github.tornadodiffusion.kernels.jvm;

import io.github.tornadodiffusion.kernels.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Lanes} on the JVM's vectors. Every method is exactly rounded arithmetic in a fixed order,
 * so that interpreted and compiled code agree to the last bit; that is why exp is a polynomial of
 * our own and not {@code VectorOperators.EXP}.
 */
public final class HostLanes {
  /** System property that forces the number of lanes (16, 8 or 4), for tests on a wider machine. */
  static final String LANES_PROPERTY = "tornadodiffusion.lanes";

  static final VectorSpecies<Float> SPECIES = species();
  private static final int WIDTH = SPECIES.length();
  private static final VectorShuffle<Float> HALF = rotate(WIDTH / 2);
  private static final VectorShuffle<Float> QUARTER = rotate(WIDTH / 4);
  private static final VectorShuffle<Float> EIGHTH = rotate(WIDTH / 8);
  private static final VectorShuffle<Float> SIXTEENTH = rotate(WIDTH / 16);

  // Constants as vectors: each splat costs C2 hundreds of nodes, and a method of too many nodes is
  // compiled with boxed vectors.
  private static final FloatVector LOG2_E = splat(1.44269504f);
  private static final FloatVector MINUS_LN2_HIGH = splat(-0.693359375f);
  private static final FloatVector MINUS_LN2_LOW = splat(2.12194440e-4f);

  /** 1.5 * 2^23: adding it rounds a small float to an integer, which is then in the low bits. */
  private static final FloatVector ROUNDER = splat(12582912f);

  private static final FloatVector EXP_MIN = splat(-87.3f);
  private static final FloatVector EXP_MAX = splat(88.3f);
  private static final FloatVector EXP_6 = splat(1.9875691500e-4f);
  private static final FloatVector EXP_5 = splat(1.3981999507e-3f);
  private static final FloatVector EXP_4 = splat(8.3334519073e-3f);
  private static final FloatVector EXP_3 = splat(4.1665795894e-2f);
  private static final FloatVector EXP_2 = splat(1.6666665459e-1f);
  private static final FloatVector EXP_1 = splat(5.0000001201e-1f);
  private static final FloatVector ONE = splat(1f);
  private static final FloatVector HALF_ONE = splat(0.5f);
  private static final FloatVector ERFC_9 = splat(0.17087277f);
  private static final FloatVector ERFC_8 = splat(-0.82215223f);
  private static final FloatVector ERFC_7 = splat(1.48851587f);
  private static final FloatVector ERFC_6 = splat(-1.13520398f);
  private static final FloatVector ERFC_5 = splat(0.27886807f);
  private static final FloatVector ERFC_4 = splat(-0.18628806f);
  private static final FloatVector ERFC_3 = splat(0.09678418f);
  private static final FloatVector ERFC_2 = splat(0.37409196f);
  private static final FloatVector ERFC_1 = splat(1.00002368f);
  private static final FloatVector ERFC_0 = splat(-1.26551223f);

  private HostLanes() {}

  private static VectorSpecies<Float> species() {
    int lanes =
        Integer.getInteger(LANES_PROPERTY, Math.min(16, FloatVector.SPECIES_PREFERRED.length()));
    if (lanes != 4 && lanes != 8 && lanes != 16) {
      throw new IllegalArgumentException(LANES_PROPERTY + " is " + lanes + ": use 4, 8 or 16");
    }
    return VectorSpecies.of(float.class, VectorShape.forBitSize(32 * lanes));
  }

  private static VectorShuffle<Float> rotate(int by) {
    return VectorShuffle.fromOp(SPECIES, i -> (i + by) & (SPECIES.length() - 1));
  }

  public static int width() {
    return WIDTH;
  }

  public static FloatVector splat(float a) {
    return FloatVector.broadcast(SPECIES, a);
  }

  public static FloatVector zero() {
    return FloatVector.zero(SPECIES);
  }

  public static FloatVector add(FloatVector a, FloatVector b) {
    return a.add(b);
  }

  public static FloatVector sub(FloatVector a, FloatVector b) {
    return a.sub(b);
  }

  public static FloatVector mul(FloatVector a, FloatVector b) {
    return a.mul(b);
  }

  public static FloatVector div(FloatVector a, FloatVector b) {
    return a.div(b);
  }

  public static FloatVector min(FloatVector a, FloatVector b) {
    return a.min(b);
  }

  public static FloatVector max(FloatVector a, FloatVector b) {
    return a.max(b);
  }

  public static FloatVector mulAdd(FloatVector a, FloatVector b, FloatVector c) {
    return a.fma(b, c);
  }

  /**
   * e^v within 2 ULP; arguments are clamped to [-87.3, 88.3], where the result is a normal float.
   */
  public static FloatVector exp(FloatVector v) {
    FloatVector x = v.max(EXP_MIN).min(EXP_MAX);
    FloatVector shifted = x.fma(LOG2_E, ROUNDER);
    FloatVector n = shifted.sub(ROUNDER);
    FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    FloatVector p = EXP_6;
    p = p.fma(r, EXP_5);
    p = p.fma(r, EXP_4);
    p = p.fma(r, EXP_3);
    p = p.fma(r, EXP_2);
    p = p.fma(r, EXP_1);
    p = p.fma(r.mul(r), r).add(ONE);
    IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
  }

  /** See {@link Lanes#erfc}. */
  public static FloatVector erfc(FloatVector v) {
    FloatVector t = ONE.div(v.fma(HALF_ONE, ONE));
    FloatVector p = ERFC_9;
    p = p.fma(t, ERFC_8);
    p = p.fma(t, ERFC_7);
    p = p.fma(t, ERFC_6);
    p = p.fma(t, ERFC_5);
    p = p.fma(t, ERFC_4);
    p = p.fma(t, ERFC_3);
    p = p.fma(t, ERFC_2);
    p = p.fma(t, ERFC_1);
    p = p.fma(t, ERFC_0);
    return t.mul(exp(p.sub(v.mul(v))));
  }

  public static FloatVector sqrt(FloatVector v) {
    return v.sqrt();
  }

  public static float sum(FloatVector v) {
    FloatVector s = v.add(v.rearrange(HALF));
    s = s.add(s.rearrange(QUARTER));
    if (WIDTH >= 8) {
      s = s.add(s.rearrange(EIGHTH));
    }
    if (WIDTH >= 16) {
      s = s.add(s.rearrange(SIXTEENTH));
    }
    return s.lane(0);
  }

  public static float largest(FloatVector v) {
    FloatVector s = v.max(v.rearrange(HALF));
    s = s.max(s.rearrange(QUARTER));
    if (WIDTH >= 8) {
      s = s.max(s.rearrange(EIGHTH));
    }
    if (WIDTH >= 16) {
      s = s.max(s.rearrange(SIXTEENTH));
    }
    return s.lane(0);
  }

  public static void clear(HostView v, int offset, int floats) {
    v.clear(offset, floats);
  }
}
