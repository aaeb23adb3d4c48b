package io.github.tornadodiffusion.kernels.ops.optimizer;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link OptimizerCalls}: an iteration works on {@link OptimizerCalls#CHUNK} floats.
 * Parameters, gradients, moments and averages are [LENGTH] each; hyper is the block of
 * hyper-parameters.
 */
public final class OptimizerKernels {
  /** Places of {@link #squares}. */
  static final class Squares {
    /** Sums: one per chunk, rounded up to 16. */
    static final int BOUND = 0;

    /** How many gradients there are. */
    static final int LENGTH = 1;

    static final int GRADIENTS = 2;
    static final int SUMS = 3;
    static final int SIZE = 4;

    private Squares() {}
  }

  /** Places of {@link #gradientNorm}. */
  static final class Norm {
    /** Iterations: always 1. */
    static final int BOUND = 0;

    /** How many sums there are. */
    static final int COUNT = 1;

    static final int SUMS = 2;
    static final int HYPER = 3;
    static final int SIZE = 4;

    private Norm() {}
  }

  /** Places of {@link #adamW}. */
  static final class AdamW {
    static final int CHUNKS = 0;

    /** How many parameters there are. */
    static final int LENGTH = 1;

    static final int PARAMETERS = 2;
    static final int GRADIENTS = 3;
    static final int FIRST_MOMENT = 4;
    static final int SECOND_MOMENT = 5;
    static final int HYPER = 6;
    static final int SIZE = 7;

    private AdamW() {}
  }

  /** Places of {@link #ema}. */
  static final class Ema {
    static final int CHUNKS = 0;

    /** How many parameters there are. */
    static final int LENGTH = 1;

    static final int SHADOW = 2;
    static final int PARAMETERS = 3;
    static final int HYPER = 4;
    static final int SIZE = 5;

    private Ema() {}
  }

  /** Places of {@link #clear}. */
  static final class Clear {
    static final int CHUNKS = 0;

    /** How many gradients there are. */
    static final int LENGTH = 1;

    static final int GRADIENTS = 2;
    static final int SIZE = 3;

    private Clear() {}
  }

  private OptimizerKernels() {}

  /**
   * sums[t] = sum over the chunk t of gradients^2. Iterations beyond the last chunk write the zeros
   * that pad the sums to a multiple of 16.
   */
  static void squares(FloatArray m, IntArray d) {
    int bound = d.get(Squares.BOUND);
    int length = d.get(Squares.LENGTH);
    int gradients = d.get(Squares.GRADIENTS);
    int sums = d.get(Squares.SUMS);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = t * OptimizerCalls.CHUNK;
      int to = from + OptimizerCalls.CHUNK < length ? from + OptimizerCalls.CHUNK : length;
      Float16 sum = Lanes.zero();
      for (int i = (gradients + from) / lanes; i < (gradients + to) / lanes; i++) {
        Float16 g = v.get(i);
        sum = Lanes.mulAdd(g, g, sum);
      }
      m.set(sums + t, Lanes.sum(sum));
    }
  }

  /**
   * hyper[GRAD_NORM] = sqrt(sum of the sums), hyper[GRAD_SCALE] = min(1, hyper[MAX_GRAD_NORM] /
   * (hyper[GRAD_NORM] + 1e-6)), or 1 without a maximum.
   */
  static void gradientNorm(FloatArray m, IntArray d) {
    int bound = d.get(Norm.BOUND);
    int count = d.get(Norm.COUNT);
    int sums = d.get(Norm.SUMS);
    int hyper = d.get(Norm.HYPER);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      Float16 sum = Lanes.zero();
      for (int i = sums / lanes; i < (sums + count) / lanes; i++) {
        sum = Lanes.add(sum, v.get(i));
      }
      scale(m, hyper, Lanes.sum(sum));
    }
  }

  /** Writes the norm and the factor of the gradients. */
  static void scale(FloatArray m, int hyper, float squares) {
    float norm = TornadoMath.sqrt(squares);
    float max = m.get(hyper + OptimizerCalls.MAX_GRAD_NORM);
    float scale = TornadoMath.min(1f, max / (norm + 1e-6f));
    m.set(hyper + OptimizerCalls.GRAD_NORM, norm);
    m.set(hyper + OptimizerCalls.GRAD_SCALE, max > 0f ? scale : 1f);
  }

  /** One step of AdamW, see {@link OptimizerCalls#adamW}: parameters and both moments change. */
  static void adamW(FloatArray m, IntArray d) {
    int bound = d.get(AdamW.CHUNKS);
    int length = d.get(AdamW.LENGTH);
    int parameters = d.get(AdamW.PARAMETERS);
    int gradients = d.get(AdamW.GRADIENTS);
    int firstMoment = d.get(AdamW.FIRST_MOMENT);
    int secondMoment = d.get(AdamW.SECOND_MOMENT);
    int hyper = d.get(AdamW.HYPER);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      float learningRate = m.get(hyper + OptimizerCalls.LEARNING_RATE);
      Float16 keep = Lanes.splat(1f - learningRate * m.get(hyper + OptimizerCalls.WEIGHT_DECAY));
      Float16 step =
          Lanes.splat(0f - learningRate / m.get(hyper + OptimizerCalls.BIAS_CORRECTION1));
      Float16 beta1 = Lanes.splat(m.get(hyper + OptimizerCalls.BETA1));
      Float16 beta2 = Lanes.splat(m.get(hyper + OptimizerCalls.BETA2));
      Float16 rest1 = Lanes.splat(1f - m.get(hyper + OptimizerCalls.BETA1));
      Float16 rest2 = Lanes.splat(1f - m.get(hyper + OptimizerCalls.BETA2));
      Float16 epsilon = Lanes.splat(m.get(hyper + OptimizerCalls.EPSILON));
      Float16 correction2 = Lanes.splat(m.get(hyper + OptimizerCalls.BIAS_CORRECTION2_SQRT));
      Float16 scale = Lanes.splat(m.get(hyper + OptimizerCalls.GRAD_SCALE));
      int from = t * OptimizerCalls.CHUNK;
      int to = from + OptimizerCalls.CHUNK < length ? from + OptimizerCalls.CHUNK : length;
      int count = (to - from) / lanes;
      int parameterAt = (parameters + from) / lanes;
      int gradientAt = (gradients + from) / lanes;
      int firstAt = (firstMoment + from) / lanes;
      int secondAt = (secondMoment + from) / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 g = Lanes.mul(v.get(gradientAt + i), scale);
        Float16 first = Lanes.mulAdd(g, rest1, Lanes.mul(v.get(firstAt + i), beta1));
        Float16 second =
            Lanes.mulAdd(Lanes.mul(g, g), rest2, Lanes.mul(v.get(secondAt + i), beta2));
        Float16 spread = Lanes.add(Lanes.div(Lanes.sqrt(second), correction2), epsilon);
        Float16 decayed = Lanes.mul(v.get(parameterAt + i), keep);
        v.set(firstAt + i, first);
        v.set(secondAt + i, second);
        v.set(parameterAt + i, Lanes.mulAdd(step, Lanes.div(first, spread), decayed));
      }
    }
  }

  /** shadow -= (1 - hyper[EMA_DECAY]) * (shadow - parameters). */
  static void ema(FloatArray m, IntArray d) {
    int bound = d.get(Ema.CHUNKS);
    int length = d.get(Ema.LENGTH);
    int shadow = d.get(Ema.SHADOW);
    int parameters = d.get(Ema.PARAMETERS);
    int hyper = d.get(Ema.HYPER);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      Float16 rate = Lanes.splat(m.get(hyper + OptimizerCalls.EMA_DECAY) - 1f);
      int from = t * OptimizerCalls.CHUNK;
      int to = from + OptimizerCalls.CHUNK < length ? from + OptimizerCalls.CHUNK : length;
      int count = (to - from) / lanes;
      int shadowAt = (shadow + from) / lanes;
      int parameterAt = (parameters + from) / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 old = v.get(shadowAt + i);
        v.set(shadowAt + i, Lanes.mulAdd(rate, Lanes.sub(old, v.get(parameterAt + i)), old));
      }
    }
  }

  /** gradients = 0. */
  static void clear(FloatArray m, IntArray d) {
    int bound = d.get(Clear.CHUNKS);
    int length = d.get(Clear.LENGTH);
    int gradients = d.get(Clear.GRADIENTS);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = t * OptimizerCalls.CHUNK;
      int to = from + OptimizerCalls.CHUNK < length ? from + OptimizerCalls.CHUNK : length;
      int count = (to - from) / lanes;
      int at = (gradients + from) / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        v.set(at + i, Lanes.zero());
      }
    }
  }
}
