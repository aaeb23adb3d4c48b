package io.github.tornadodiffusion.kernels.ops.sampling;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link SamplerUpdate}: an iteration works on a chunk of all registers. The result for
 * an element depends on that element of the registers alone, so all lines are applied to one vector
 * before the next one, and each line reads what earlier lines have written.
 */
final class SamplerUpdateKernels {
  /** Places of {@link #combine}. */
  static final class Combine {
    static final int CHUNKS = 0;

    /** Floats of a register. */
    static final int LENGTH = 1;

    /** How many registers there are. */
    static final int COUNT = 2;

    /** The block of {@link SamplerUpdate#lines}. */
    static final int LINES = 3;

    /** The first register; the others follow. */
    static final int REGISTERS = 4;

    private Combine() {}
  }

  /** Places of {@link #learnedNoise}. */
  static final class LearnedNoise {
    static final int CHUNKS = 0;

    /** Floats of a register. */
    static final int LENGTH = 1;

    /** What the model predicts for the variance, and the result. */
    static final int VARIANCE = 2;

    static final int NOISE = 3;
    static final int COEFFICIENTS = 4;
    static final int SIZE = 5;

    private LearnedNoise() {}
  }

  private SamplerUpdateKernels() {}

  /**
   * For each line in order: register[target] = clip(register[factor] * sum over k of weights[k] *
   * register[k]), with registers of [LENGTH] floats; see {@link SamplerUpdate.Line}.
   */
  static void combine(FloatArray m, IntArray d) {
    int bound = d.get(Combine.CHUNKS);
    int length = d.get(Combine.LENGTH);
    int registers = d.get(Combine.COUNT);
    int lines = d.get(Combine.LINES);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = t * SamplerUpdate.CHUNK;
      int to = from + SamplerUpdate.CHUNK < length ? from + SamplerUpdate.CHUNK : length;
      int count = (to - from) / lanes;
      int last = (int) m.get(lines);
      for (@Parallel int i = 0; i < count; i++) {
        int at = from / lanes + i;
        for (int s = 0; s < last; s++) {
          int line = lines + 1 + s * (SamplerUpdate.HEAD + registers);
          Float16 sum = Lanes.zero();
          for (int k = 0; k < registers; k++) {
            float weight = m.get(line + SamplerUpdate.HEAD + k);
            if (weight != 0f) {
              sum =
                  Lanes.mulAdd(
                      Lanes.splat(weight), v.get(d.get(Combine.REGISTERS + k) / lanes + at), sum);
            }
          }
          int factor = (int) m.get(line + SamplerUpdate.FACTOR);
          if (factor >= 0) {
            sum = Lanes.mul(sum, v.get(d.get(Combine.REGISTERS + factor) / lanes + at));
          }
          int target = d.get(Combine.REGISTERS + (int) m.get(line));
          v.set(target / lanes + at, sum);
          float limit = m.get(line + SamplerUpdate.LIMIT);
          if (limit > 0f) {
            clip(m, target + at * lanes, lanes, limit);
          }
        }
      }
    }
  }

  /** By comparison instead of min and max, which turn NaN into a number on some devices. */
  private static void clip(FloatArray m, int at, int lanes, float limit) {
    for (int j = 0; j < lanes; j++) {
      float x = m.get(at + j);
      float least = x < 0f - limit ? 0f - limit : x;
      m.set(at + j, x > limit ? limit : least);
    }
  }

  /**
   * With c the coefficients: variance = noise * exp(c[0] + c[1] * variance) where c[2] is 0, and
   * noise * sqrt(max(variance, c[2])) where it is above; both [LENGTH].
   */
  static void learnedNoise(FloatArray m, IntArray d) {
    int bound = d.get(LearnedNoise.CHUNKS);
    int length = d.get(LearnedNoise.LENGTH);
    int variance = d.get(LearnedNoise.VARIANCE);
    int noise = d.get(LearnedNoise.NOISE);
    int coefficients = d.get(LearnedNoise.COEFFICIENTS);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = t * SamplerUpdate.CHUNK;
      int to = from + SamplerUpdate.CHUNK < length ? from + SamplerUpdate.CHUNK : length;
      int count = (to - from) / lanes;
      int varianceAt = (variance + from) / lanes;
      int noiseAt = (noise + from) / lanes;
      Float16 constant = Lanes.splat(m.get(coefficients));
      Float16 slope = Lanes.splat(m.get(coefficients + 1));
      float least = m.get(coefficients + 2);
      for (@Parallel int i = 0; i < count; i++) {
        Float16 predicted = v.get(varianceAt + i);
        if (least > 0f) {
          Float16 deviation = Lanes.sqrt(Lanes.max(predicted, Lanes.splat(least)));
          v.set(varianceAt + i, Lanes.mul(v.get(noiseAt + i), deviation));
        } else {
          Float16 deviation = Lanes.exp(Lanes.mulAdd(predicted, slope, constant));
          v.set(varianceAt + i, Lanes.mul(v.get(noiseAt + i), deviation));
        }
      }
    }
  }
}
