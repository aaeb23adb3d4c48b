package io.github.tornadodiffusion.kernels.ops.noise;

/**
 * Pairs of normal values from pairs of random words, by the method of Box and Muller (1958), in
 * integer arithmetic. Every processor computes alike with integers, whereas logarithms, sines and
 * even a product plus a sum of floats are rounded differently by different processors and in
 * different parts of a loop. So a value is the same on every device, to the last bit. It differs
 * from the exact one by less than 2e-8 plus the rounding to a float.
 *
 * <p>A number that is written Qn counts units of 2^-n. Kernels use these methods too, so there is
 * no unsigned shift, which TornadoVM lacks.
 */
final class BoxMuller {
  /** sqrt(1/2) in Q25. */
  private static final int SQRT_HALF = 23726566;

  /** log(2) in Q37. */
  private static final long LN2 = 0x162E42FEFAL;

  /** pi / 2 in Q38. */
  private static final long HALF_PI = 0x6487ED5111L;

  private BoxMuller() {}

  /** The value of a pair that goes with the angle's cosine. */
  static float cosine(long radius, int angleWord) {
    return product(radius, cosineOf(top24(angleWord)));
  }

  /** The value of a pair that goes with the angle's sine. */
  static float sine(long radius, int angleWord) {
    // The cosine, a quarter turn earlier.
    return product(radius, cosineOf(top24(angleWord) - (1 << 22)));
  }

  /** The radius of a pair: sqrt(-2 log(u)) in Q28, with u = (upper 24 bits + 1/2) / 2^24. */
  static long radius(int word) {
    int u = 2 * top24(word) + 1;
    // u 2^shift is the number in [sqrt(1/2), sqrt(2)) whose logarithm the series takes.
    int shift = 0;
    if (u < 1 << 9) {
      u <<= 16;
      shift += 16;
    }
    if (u < 1 << 17) {
      u <<= 8;
      shift += 8;
    }
    if (u < 1 << 21) {
      u <<= 4;
      shift += 4;
    }
    if (u < 1 << 23) {
      u <<= 2;
      shift += 2;
    }
    if (u < 1 << 24) {
      u <<= 1;
      shift += 1;
    }
    if (u < SQRT_HALF) {
      u <<= 1;
      shift += 1;
    }
    // log(1 + t) = 2 artanh(s) = 2 (s + s (s^2 / 3 + s^4 / 5 ...)), s = t / (2 + t): |s| < 0.172
    long t = u - (1L << 25);
    long s = (t << 37) / ((1L << 26) + t);
    long square = shift(s, 5) * shift(s, 5) >> 32;
    long sum = 390451572L; // 1 / 11 in Q32
    sum = 477218588L + shift(sum * square, 32); // 1 / 9
    sum = 613566757L + shift(sum * square, 32); // 1 / 7
    sum = 858993459L + shift(sum * square, 32); // 1 / 5
    sum = 1431655765L + shift(sum * square, 32); // 1 / 3
    sum = shift(sum * square, 32);
    long minusLog = shift * LN2 - 2 * (s + shift(s * sum, 32));
    return squareRoot(minusLog << 20);
  }

  /** The square root in Q28 of a number in Q56 that is at least 2^-26. */
  private static long squareRoot(long number) {
    long a = number;
    int shift = 0;
    if (a < 1L << 46) {
      a <<= 16;
      shift += 8;
    }
    if (a < 1L << 54) {
      a <<= 8;
      shift += 4;
    }
    if (a < 1L << 58) {
      a <<= 4;
      shift += 2;
    }
    if (a < 1L << 60) {
      a <<= 2;
      shift += 1;
    }
    // sqrt(a) is about a / 3 + 0.7 in [1, 4]; each step of Newton's doubles the digits.
    long root = (a >> 30) / 3 + 751619277L;
    root = (root + a / root) >> 1;
    root = (root + a / root) >> 1;
    root = (root + a / root) >> 1;
    return root >> shift;
  }

  /** The cosine in Q30 of an angle, of which 2^24 is a full turn. */
  private static long cosineOf(int angle) {
    // The nearest quarter turn, and how far from it: at most pi / 4.
    int quarter = (int) shift(angle + (1 << 21), 22);
    long x = shift((angle - (quarter << 22)) * HALF_PI, 30);
    long square = x * x >> 30;
    if ((quarter & 1) == 0) {
      long sum = -296L; // -1 / 10! in Q30
      sum = 26631L + shift(sum * square, 30); // 1 / 8!
      sum = -1491308L + shift(sum * square, 30); // -1 / 6!
      sum = 44739243L + shift(sum * square, 30); // 1 / 4!
      sum = -536870912L + shift(sum * square, 30); // -1 / 2!
      sum = (1L << 30) + shift(sum * square, 30);
      return (quarter & 2) == 0 ? sum : -sum;
    }
    long sum = 2959L; // 1 / 9! in Q30
    sum = -213044L + shift(sum * square, 30); // -1 / 7!
    sum = 8947849L + shift(sum * square, 30); // 1 / 5!
    sum = -178956971L + shift(sum * square, 30); // -1 / 3!
    sum = (1L << 30) + shift(sum * square, 30);
    long sine = shift(sum * x, 30);
    return (quarter & 2) == 0 ? -sine : sine;
  }

  private static float product(long radius, long cosine) {
    return (int) shift(radius * cosine, 30) * 0x1p-28f;
  }

  /**
   * x / 2^n rounded down, as {@code x >> n} is, for |x| below 2^62. TornadoVM writes a shift that
   * moves the sign in as one that moves zeros in for PTX, so what is shifted is made positive.
   */
  private static long shift(long x, int n) {
    return ((x + (1L << 62)) >> n) - (1L << (62 - n));
  }

  /** The upper 24 bits; masked because the sign may or may not have been moved in. */
  private static int top24(int word) {
    return (word >> 8) & 0xFFFFFF;
  }
}
