package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredError;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels.PerImage;
import io.github.tornadodiffusion.kernels.ops.optimizer.Optimizer;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Long sums for a GPU, which {@link ReduceKernels}, {@link LossKernels}, {@link
 * VariationalBoundKernels} and {@link OptimizerKernels} leave to one thread each; the same
 * descriptors. Every thread of a work group sums a part, and these sums are added up as a tree in
 * local memory.
 */
public final class ReduceTileKernels {
  private ReduceTileKernels() {}

  /** {@code ReduceKernels.sumPixels}: 16 channels of an image at a time. */
  static void sumPixels(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int blocks = d.get(1);
    int width = d.get(3);
    int pixels = d.get(2) * width;
    int stride = d.get(4);
    int rowStep = d.get(6);
    int bound = d.get(0);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / blocks;
      int channel = t % blocks * 16 + (thread & 15);
      int from = d.get(5) + image * d.get(7) + channel;
      float sum = 0f;
      for (int i = thread >> 4; i < pixels; i += 16) {
        sum += m.get(from + i / width * rowStep + i % width * stride);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half >= 16; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread < 16) {
        m.set(d.get(8) + image * stride + channel, sums[thread]);
      }
      c.localBarrier();
    }
  }

  /** {@code LossKernels.meanSquaredError}: an image at a time. */
  static void meanSquaredError(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int length = d.get(MeanSquaredError.H) * d.get(MeanSquaredError.PITCH);
    int bound = d.get(MeanSquaredError.IMAGES);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int prediction = d.get(MeanSquaredError.PREDICTION) + t * length;
      int target = d.get(MeanSquaredError.TARGET) + t * length;
      float sum = 0f;
      for (int i = thread; i < length; i += Tiles.THREADS) {
        float error = m.get(prediction + i) - m.get(target + i);
        sum += error * error;
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half > 0; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread == 0) {
        m.set(d.get(MeanSquaredError.PER_IMAGE) + t, sums[0] / d.get(MeanSquaredError.ELEMENTS));
      }
      c.localBarrier();
    }
  }

  /** {@code VariationalBoundKernels.perImage}: an image at a time. */
  static void perImage(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int elements = d.get(PerImage.H) * d.get(PerImage.LENGTH);
    int bound = d.get(PerImage.IMAGES);
    for (int t = c.groupIdx; t < bound; t += groups) {
      float sum = 0f;
      for (int i = thread; i < elements; i += Tiles.THREADS) {
        sum += VariationalBoundKernels.term(m, d, t, t * elements + i);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half > 0; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread == 0) {
        m.set(d.get(PerImage.PER_IMAGE) + t, sums[0] / elements);
      }
      c.localBarrier();
    }
  }

  /** {@code OptimizerKernels.squares}: a chunk at a time. */
  static void squares(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int bound = d.get(0);
    int gradients = d.get(2);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int end = Math.min((t + 1) * Optimizer.CHUNK, d.get(1));
      float sum = 0f;
      for (int i = t * Optimizer.CHUNK + thread; i < end; i += Tiles.THREADS) {
        float g = m.get(gradients + i);
        sum += g * g;
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half > 0; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread == 0) {
        m.set(d.get(3) + t, sums[0]);
      }
      c.localBarrier();
    }
  }

  /** {@code OptimizerKernels.norm}: everything by one work group. */
  static void norm(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int count = d.get(1);
    int partial = d.get(2);
    for (int t = c.groupIdx; t < 1; t += groups) {
      float sum = 0f;
      for (int i = thread; i < count; i += Tiles.THREADS) {
        sum += m.get(partial + i);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half > 0; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread == 0) {
        OptimizerKernels.scale(m, d.get(3), sums[0]);
      }
    }
  }
}
