package io.github.tornadodiffusion.kernels.ops.optimizer;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/** Kernels of {@link Optimizer}: an iteration works on {@link Optimizer#CHUNK} floats. */
public final class OptimizerKernels {
  private OptimizerKernels() {}

  /**
   * Iterations beyond the last chunk write the zeros that pad the sums to a multiple of 16.
   * Descriptor: 0 iterations, 1 gradients, 2 their offset, 3 sums.
   */
  static void squares(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int length = d.get(1);
    int gradients = d.get(2);
    int sums = d.get(3);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = t * Optimizer.CHUNK;
      int to = from + Optimizer.CHUNK < length ? from + Optimizer.CHUNK : length;
      Float16 sum = Lanes.zero();
      for (int i = (gradients + from) / lanes; i < (gradients + to) / lanes; i++) {
        Float16 g = v.get(i);
        sum = Lanes.mulAdd(g, g, sum);
      }
      m.set(sums + t, Lanes.sum(sum));
    }
  }

  /** Descriptor: 0 iterations, 1 sums, 2 their offset, 3 hyper-parameters. */
  static void norm(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int count = d.get(1);
    int sums = d.get(2);
    int hyper = d.get(3);
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

  /** Writes the norm and what it scales gradients by. */
  static void scale(FloatArray m, int hyper, float squares) {
    float norm = TornadoMath.sqrt(squares);
    float max = m.get(hyper + Optimizer.MAX_GRAD_NORM);
    float scale = TornadoMath.min(1f, max / (norm + 1e-6f));
    m.set(hyper + Optimizer.GRAD_NORM, norm);
    m.set(hyper + Optimizer.GRAD_SCALE, max > 0f ? scale : 1f);
  }

  /**
   * Descriptor: 0 iterations, 1 parameters, then offsets: 2 parameters, 3 gradients, 4 first and 5
   * second moments, 6 hyper-parameters.
   */
  static void adamW(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int length = d.get(1);
    int parameters = d.get(2);
    int gradients = d.get(3);
    int firstMoment = d.get(4);
    int secondMoment = d.get(5);
    int hyper = d.get(6);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      float learningRate = m.get(hyper + Optimizer.LEARNING_RATE);
      Float16 keep = Lanes.splat(1f - learningRate * m.get(hyper + Optimizer.WEIGHT_DECAY));
      Float16 step = Lanes.splat(0f - learningRate / m.get(hyper + Optimizer.BIAS_CORRECTION1));
      Float16 beta1 = Lanes.splat(m.get(hyper + Optimizer.BETA1));
      Float16 beta2 = Lanes.splat(m.get(hyper + Optimizer.BETA2));
      Float16 rest1 = Lanes.splat(1f - m.get(hyper + Optimizer.BETA1));
      Float16 rest2 = Lanes.splat(1f - m.get(hyper + Optimizer.BETA2));
      Float16 epsilon = Lanes.splat(m.get(hyper + Optimizer.EPSILON));
      Float16 correction2 = Lanes.splat(m.get(hyper + Optimizer.BIAS_CORRECTION2_SQRT));
      Float16 scale = Lanes.splat(m.get(hyper + Optimizer.GRAD_SCALE));
      int from = t * Optimizer.CHUNK;
      int to = from + Optimizer.CHUNK < length ? from + Optimizer.CHUNK : length;
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

  /**
   * Descriptor: 0 iterations, 1 parameters, then offsets: 2 averages, 3 parameters, 4
   * hyper-parameters.
   */
  static void ema(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int length = d.get(1);
    int shadow = d.get(2);
    int parameters = d.get(3);
    int hyper = d.get(4);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      Float16 rate = Lanes.splat(m.get(hyper + Optimizer.EMA_DECAY) - 1f);
      int from = t * Optimizer.CHUNK;
      int to = from + Optimizer.CHUNK < length ? from + Optimizer.CHUNK : length;
      int count = (to - from) / lanes;
      int shadowAt = (shadow + from) / lanes;
      int parameterAt = (parameters + from) / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 old = v.get(shadowAt + i);
        v.set(shadowAt + i, Lanes.mulAdd(rate, Lanes.sub(old, v.get(parameterAt + i)), old));
      }
    }
  }

  /** Descriptor: 0 iterations, 1 gradients, 2 their offset. */
  static void clear(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int length = d.get(1);
    int gradients = d.get(2);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = t * Optimizer.CHUNK;
      int to = from + Optimizer.CHUNK < length ? from + Optimizer.CHUNK : length;
      int count = (to - from) / lanes;
      int at = (gradients + from) / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        v.set(at + i, Lanes.zero());
      }
    }
  }
}
