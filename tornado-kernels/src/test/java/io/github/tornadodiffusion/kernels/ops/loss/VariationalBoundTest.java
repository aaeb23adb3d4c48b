package io.github.tornadodiffusion.kernels.ops.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against the definitions in double precision, with variances and means as they are. */
class VariationalBoundTest {
  /** Steps of the numerical integrals. */
  private static final int INTERVALS = 400;

  static List<Block> shapes() {
    return Naive.shapes();
  }

  /**
   * A timestep for a model that predicts the noise.
   *
   * @param beta the timestep's own
   * @param before alphasCumprod of the timestep before; 1 at the first one
   * @param leastLog logarithm of the least variance
   */
  private record Timestep(double beta, double before, double leastLog) {
    static Timestep later(double beta, double before) {
      double cumulative = before * (1 - beta);
      return new Timestep(beta, before, Math.log(beta * (1 - before) / (1 - cumulative)));
    }

    /** The first one, whose posterior has no variance: that of the second one stands for it. */
    static Timestep first(double beta) {
      return new Timestep(beta, 1, later(beta, 1 - beta).leastLog);
    }

    boolean isFirst() {
      return before == 1;
    }

    double signal() {
      return Math.sqrt(before * (1 - beta));
    }

    double sigma() {
      return Math.sqrt(1 - before * (1 - beta));
    }

    /** Of x_0 in the posterior's mean. */
    double originalShare() {
      return Math.sqrt(before) * beta / (sigma() * sigma());
    }

    double range() {
      return Math.log(beta) - leastLog;
    }

    double scale() {
      return originalShare() * sigma() / signal() / Math.exp(leastLog / 2);
    }

    double halfBin() {
      return isFirst() ? 1 / 255.0 / Math.exp(leastLog / 2) : 0;
    }

    /** The term of one element. */
    double term(double prediction, double noise, double v, double original) {
      double noisy = signal() * original + sigma() * noise;
      double predicted = (noisy - sigma() * prediction) / signal();
      double logVariance = (v + 1) / 2 * Math.log(beta) + (1 - v) / 2 * leastLog;
      if (isFirst()) {
        return surprise(original, predicted, Math.exp(logVariance / 2));
      }
      double difference = originalShare() * (original - predicted);
      return 0.5
          * (logVariance
              - leastLog
              - 1
              + Math.exp(leastLog - logVariance)
              + difference * difference * Math.exp(-logVariance));
    }
  }

  /** -log of the probability of an 8-bit value's bin, those at the ends without end. */
  private static double surprise(double x, double mean, double deviation) {
    double from = x < -0.999 ? Double.NEGATIVE_INFINITY : (x - 1 / 255.0 - mean) / deviation;
    double to = x > 0.999 ? Double.POSITIVE_INFINITY : (x + 1 / 255.0 - mean) / deviation;
    double peak = Math.clamp(0, from, to);
    // Beyond this distance the density is e^-50 of the peak's.
    double far = 50 / Math.max(Math.abs(peak), 5);
    double start = Math.max(from, peak - far);
    double width = (Math.min(to, peak + far) - start) / INTERVALS;
    double sum = 0;
    for (int i = 0; i < INTERVALS; i++) {
      double left = start + i * width;
      sum += relative(left, peak) + relative(left + width, peak);
      sum += 4 * relative(left + width / 2, peak);
    }
    return peak * peak / 2 + Math.log(Math.sqrt(2 * Math.PI)) - Math.log(sum * width / 6);
  }

  private static double relative(double z, double peak) {
    return Math.exp((peak - z) * (peak + z) / 2);
  }

  private static void check(Block shape, double errors, Timestep... timesteps) {
    TestArena arena = new TestArena(6);
    float[] values = arena.randoms(shape.pixels() * shape.c());
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.round(127.5f * (1 + values[i])) / 127.5f - 1;
      values[i] = i % 7 == 2 ? -1 : i % 7 == 4 ? 1 : values[i];
    }
    Block images = arena.place(shape);
    arena.fill(images, values);
    Block target = arena.random(shape);
    Block prediction = arena.place(shape);
    float[] off = arena.randoms(values.length);
    double[] targets = arena.read(target);
    for (int i = 0; i < off.length; i++) {
      off[i] = (float) (targets[i] + errors * off[i]);
    }
    arena.fill(prediction, off);
    Block variance = arena.random(shape);
    float[] weight = arena.randoms(shape.n());
    float[] range = new float[shape.n()];
    float[] scale = new float[shape.n()];
    float[] halfBin = new float[shape.n()];
    for (int i = 0; i < shape.n(); i++) {
      Timestep at = timesteps[i % timesteps.length];
      range[i] = (float) at.range();
      scale[i] = (float) at.scale();
      halfBin[i] = (float) at.halfBin();
    }
    Naive o = Naive.of(shape, arena.read(prediction));
    Naive t = Naive.of(shape, targets);
    Naive v = Naive.of(shape, arena.read(variance));
    Naive x = Naive.of(shape, arena.read(images));
    double elements = (double) shape.h() * shape.w() * shape.c();
    double[] terms = new double[shape.n()];
    double[] slopes =
        Naive.values(
            shape,
            (n, c, i, j) -> {
              Timestep at = timesteps[n % timesteps.length];
              double share = v.at(n, c, i, j);
              double[] three = new double[3];
              for (int k = 0; k < 3; k++) {
                three[k] =
                    at.term(
                        o.at(n, c, i, j),
                        t.at(n, c, i, j),
                        share + 1e-4 * (k - 1),
                        x.at(n, c, i, j));
              }
              terms[n] += three[1] / elements;
              return weight[n] * (three[2] - three[0]) / 2e-4;
            });
    Block gradient = arena.place(shape);
    int perImage = arena.reserve(shape.n());
    int ranges = arena.put(range);
    int scales = arena.put(scale);
    int halfBins = arena.put(halfBin);
    int weights = arena.put(weight);
    arena.run(
        VariationalBound.perImage(
            prediction, target, variance, images, ranges, scales, halfBins, perImage),
        VariationalBound.backward(
            prediction, target, variance, images, ranges, scales, halfBins, weights, gradient));
    float[] actual = arena.read(perImage, shape.n());
    for (int i = 0; i < shape.n(); i++) {
      assertEquals(terms[i], actual[i], 5e-5 * Math.abs(terms[i]) + 1e-7, "image " + i);
    }
    double[] gradients = arena.read(gradient);
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] *= elements * shape.n();
    }
    Naive.assertClose(slopes, gradients, 1e-4);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void termsAndTheirGradient(Block shape) {
    Timestep first = Timestep.first(1e-4);
    check(shape, 0.3, first, Timestep.later(1.2e-4, 1 - 1e-4), Timestep.later(0.01, 0.08));
  }

  /**
   * From bins much wider than the deviation to much narrower ones, and from models that know the
   * image to those that are hundreds of deviations off.
   */
  @Test
  void likelihoodsOfEverySize() {
    Block shape = Block.of(0, 1, 4, 5, 7);
    for (double beta : new double[] {1e-7, 4e-5, 1e-3, 0.03, 0.15, 0.5}) {
      for (double errors : new double[] {0, 0.1, 2, 500}) {
        check(shape, errors, Timestep.first(beta));
      }
    }
  }

  /**
   * Late timesteps, whose two variances differ by a millionth: of u - 1 + e^-u little would be left
   * if it were computed so.
   */
  @Test
  void divergencesOfEverySize() {
    Block shape = Block.of(0, 1, 4, 5, 7);
    for (double before : new double[] {0.999, 0.5, 0.01, 1e-5}) {
      for (double beta : new double[] {1e-4, 0.02, 0.9}) {
        for (double errors : new double[] {0, 0.1, 2}) {
          check(shape, errors, Timestep.later(beta, before));
        }
      }
    }
  }

  /** Where mean and variance are right, nothing is left; the numbers of a bin of one deviation. */
  @Test
  void valuesKnownInClosedForm() {
    Block shape = Block.of(0, 4, 1, 1, 1);
    TestArena arena = new TestArena(6);
    Block same = arena.random(shape);
    Block variance = arena.place(shape);
    arena.fill(variance, new float[] {-1, 1, -1, -1});
    Block images = arena.place(shape);
    arena.fill(images, new float[] {0, 0, 0, 1});
    int ranges = arena.put(1, 1, 1, 1);
    int scales = arena.put(1, 1, 1, 1);
    int halfBins = arena.put(0, 0, 1, 1);
    int perImage = arena.reserve(4);
    arena.run(
        VariationalBound.perImage(
            same, same, variance, images, ranges, scales, halfBins, perImage));
    float[] terms = arena.read(perImage, 4);
    assertEquals(0, terms[0]);
    assertEquals(0.5 * Math.exp(-1), terms[1], 1e-7);
    assertEquals(-Math.log(0.6826894921370859), terms[2], 1e-6);
    assertEquals(-Math.log(0.8413447460685429), terms[3], 1e-6);
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block x = Block.of(0, 2, 4, 4, 5);
    Block other = Block.of(0, 2, 4, 4, 4);
    Block bordered = x.bordered(1, 1, 1, 1);
    for (Block wrong : List.of(other, bordered)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> VariationalBound.perImage(x, x, wrong, x, 0, 0, 0, 0));
      assertThrows(
          IllegalArgumentException.class,
          () -> VariationalBound.backward(x, x, x, wrong, 0, 0, 0, 0, x));
    }
  }
}
