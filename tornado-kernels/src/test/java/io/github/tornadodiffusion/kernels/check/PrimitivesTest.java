package io.github.tornadodiffusion.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.Test;

/**
 * Every operation that kernels are made of against Java's own, on a million values: compilers of
 * devices take liberties with signs, shifts and special functions.
 */
class PrimitivesTest {
  private static final int N = 1 << 20;

  private static float[] random(int seed, DoubleBinaryOperator of) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[N];
    for (int i = 0; i < N; i++) {
      values[i] = (float) of.applyAsDouble(random.nextDouble(), random.nextDouble());
    }
    return values;
  }

  /** Whole numbers of every size and sign, none of them zero. */
  private static float[] whole(int seed) {
    return random(
        seed,
        (a, b) -> {
          double size = Math.floor(Math.pow(2, 23 * a)) + 1;
          return b < 0.5 ? -size : size;
        });
  }

  private static float[] between(int seed, double least, double most) {
    return random(seed, (a, b) -> least + (most - least) * a);
  }

  private static void check(
      String method,
      boolean vectors,
      double tolerance,
      float[] x,
      float[] y,
      DoubleBinaryOperator expected) {
    TestArena arena = new TestArena(1);
    int xAt = arena.put(x);
    int yAt = arena.put(y);
    int out = arena.reserve(N);
    int bound = vectors ? N / 16 : N;
    arena.run(
        List.of(
            new Call(
                Kernel.of(PrimitiveKernels.class, method),
                new int[] {bound, xAt, yAt, out},
                bound,
                0,
                0)));
    float[] actual = arena.read(out, N);
    for (int i = 0; i < N; i++) {
      double right = expected.applyAsDouble(x[i], y[i]);
      int at = i;
      assertEquals(right, actual[i], tolerance, () -> "%s(%s, %s)".formatted(method, x[at], y[at]));
    }
  }

  @Test
  void wholeNumbersAreExact() {
    float[] x = whole(1);
    float[] y = whole(2);
    check(
        "quotient",
        false,
        0,
        x,
        y,
        (a, b) ->
            Math.floorDiv((long) Math.abs(a), (long) Math.abs(b))
                * Math.signum(a)
                * Math.signum(b));
    check("remainderOf", false, 0, x, y, (a, b) -> ((int) a) % ((int) b));
    check(
        "longQuotient",
        false,
        0,
        x,
        y,
        (a, b) -> (int) (((int) a) * 1234567L / ((int) b)) & 0xFFFFFF);
    check(
        "bitsOf",
        false,
        0,
        x,
        y,
        (a, b) -> {
          int p = ((int) a) * 40503;
          int q = ((int) b) * 30011;
          return ((p ^ (q << 7)) + (p & q) - (p | q)) & 0xFFFFFF;
        });
    check(
        "wideProduct",
        false,
        0,
        x,
        y,
        (a, b) -> {
          int p = ((int) a) * 40503;
          int q = ((int) b) * 30011;
          return (int) ((p & 0xFFFFFFFFL) * (q & 0xFFFFFFFFL) >> 32) & 0xFFFFFF;
        });
  }

  @Test
  void floatsBecomeWholeNumbersTowardsZero() {
    float[] x = between(3, -1000, 1000);
    // Powers of two, so that no division rounds.
    float[] y = random(4, (a, b) -> Math.pow(2, Math.floor(8 * a)));
    check("roundedToZero", false, 0, x, y, (a, b) -> (int) (a / b));
  }

  @Test
  void floatsAreChosenAsInJava() {
    float[] x = between(5, -10, 10);
    float[] y = between(6, -10, 10);
    check(
        "choices",
        false,
        0,
        x,
        y,
        (a, b) -> (float) ((a < b ? Math.max(a, 0) : Math.min(b, 0)) + Math.abs(a)));
  }

  @Test
  void specialFunctionsAreRightWhereverKernelsUseThem() {
    float[] y = whole(7);
    float[] angles = between(8, -1100, 1100);
    check("sine", false, 1e-6, angles, y, (a, b) -> Math.sin(a));
    check("cosine", false, 1e-6, angles, y, (a, b) -> Math.cos(a));
    float[] x = between(9, -20, 20);
    check("logarithm", false, 2e-6, x, y, (a, b) -> Math.log((float) (Math.abs(a) + 1e-3f)));
    check("exponential", true, 2e-6, between(10, -20, 0), y, (a, b) -> Math.exp(a));
    check("root", true, 2e-6, x, y, (a, b) -> Math.abs(a));
  }

  @Test
  void vectorsComputeAsNumbersDo() {
    float[] x = between(11, -8, 8);
    float[] y = random(12, (a, b) -> (b < 0.5 ? -1 : 1) * Math.pow(2, Math.floor(6 * a) - 3));
    check("arithmetic", true, 4e-6, x, y, (a, b) -> Math.max(a, b) + Math.min(a, b) / b - 0.5);
  }
}
