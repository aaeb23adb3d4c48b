package io.github.tornadodiffusion.kernels.ops.sampling;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link SamplerUpdate}: an iteration works on a chunk of all registers. What becomes of
 * an element depends on that element of the registers alone, so a vector goes through all lines
 * before the next one begins, and finds what the lines before have written.
 */
final class SamplerUpdateKernels {
  private SamplerUpdateKernels() {}

  /**
   * Descriptor: 0 iterations, 1 floats of a register, 2 registers, 3 offset of the lines, then the
   * offsets of the registers.
   */
  static void combine(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int length = d.get(1);
    int registers = d.get(2);
    int lines = d.get(3);
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
              sum = Lanes.mulAdd(Lanes.splat(weight), v.get(d.get(4 + k) / lanes + at), sum);
            }
          }
          int factor = (int) m.get(line + 1);
          if (factor >= 0) {
            sum = Lanes.mul(sum, v.get(d.get(4 + factor) / lanes + at));
          }
          int target = d.get(4 + (int) m.get(line));
          v.set(target / lanes + at, sum);
          float limit = m.get(line + 2);
          if (limit > 0f) {
            clip(m, target + at * lanes, lanes, limit);
          }
        }
      }
    }
  }

  /** By comparison, not by min and max, which make a number of NaN on some devices. */
  private static void clip(FloatArray m, int at, int lanes, float limit) {
    for (int j = 0; j < lanes; j++) {
      float x = m.get(at + j);
      if (x > limit) {
        m.set(at + j, limit);
      }
      if (x < 0f - limit) {
        m.set(at + j, 0f - limit);
      }
    }
  }

  /**
   * Descriptor: 0 iterations, 1 floats of a register, then the offsets: 2 of what the model says of
   * the variance, 3 of the noise, 4 of the coefficients.
   */
  static void learnedNoise(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int length = d.get(1);
    int variance = d.get(2);
    int noise = d.get(3);
    int coefficients = d.get(4);
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
