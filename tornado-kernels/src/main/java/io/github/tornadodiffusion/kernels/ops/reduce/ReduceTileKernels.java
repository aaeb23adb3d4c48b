package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels;
import io.github.tornadodiffusion.kernels.ops.optimizer.Optimizer;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Norm;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Squares;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumPixels;
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
    int blocks = d.get(SumPixels.GROUPS);
    int width = d.get(SumPixels.W);
    int pixels = d.get(SumPixels.H) * width;
    int stride = d.get(SumPixels.STRIDE);
    int rowStep = d.get(SumPixels.IN_ROW);
    int bound = d.get(SumPixels.BOUND);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / blocks;
      int channel = t % blocks * 16 + (thread & 15);
      int from = d.get(SumPixels.IN) + image * d.get(SumPixels.IN_IMAGE) + channel;
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
        m.set(d.get(SumPixels.OUT) + image * stride + channel, sums[thread]);
      }
      c.localBarrier();
    }
  }

  /** {@code LossKernels.meanSquaredError}: an image at a time. */
  static void meanSquaredError(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int length = d.get(1) * d.get(2);
    int bound = d.get(0);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int prediction = d.get(4) + t * length;
      int target = d.get(5) + t * length;
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
        m.set(d.get(6) + t, sums[0] / d.get(3));
      }
      c.localBarrier();
    }
  }

  /** {@code VariationalBoundKernels.perImage}: an image at a time. */
  static void perImage(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int elements = d.get(1) * d.get(2);
    int bound = d.get(0);
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
        m.set(d.get(12) + t, sums[0] / elements);
      }
      c.localBarrier();
    }
  }

  /** {@code OptimizerKernels.squares}: a chunk at a time. */
  static void squares(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int bound = d.get(Squares.BOUND);
    int gradients = d.get(Squares.GRADIENTS);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int end = Math.min((t + 1) * Optimizer.CHUNK, d.get(Squares.LENGTH));
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
        m.set(d.get(Squares.SUMS) + t, sums[0]);
      }
      c.localBarrier();
    }
  }

  /** {@code OptimizerKernels.norm}: everything by one work group. */
  static void norm(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int count = d.get(Norm.COUNT);
    int partial = d.get(Norm.SUMS);
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
        OptimizerKernels.scale(m, d.get(Norm.HYPER), sums[0]);
      }
    }
  }
}
