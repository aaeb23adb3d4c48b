package io.github.tornadodiffusion.kernels.ops.attention;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Common;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Keys;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Queries;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link AttentionKernels} for a GPU, with the same descriptors. A work group owns 32 tokens of one
 * head of one image and walks over the others 32 at a time. It copies both to local memory, 32
 * channels at a time, multiplies them, turns the scores into weights there, and adds the others'
 * rows with these weights to the result. In {@code forward} and {@code queries} its own tokens are
 * queries, in {@code keys} they are keys. Results grow in global memory, where every element
 * belongs to one thread, so that the head's size does not matter.
 */
public final class AttentionTileKernels {
  private static final int FORWARD = 0;
  private static final int QUERIES = 1;
  private static final int KEYS = 2;

  private AttentionTileKernels() {}

  static void forward(KernelContext c, FloatArray m, IntArray d) {
    attend(c, m, d, FORWARD);
  }

  static void queries(KernelContext c, FloatArray m, IntArray d) {
    attend(c, m, d, QUERIES);
  }

  static void keys(KernelContext c, FloatArray m, IntArray d) {
    attend(c, m, d, KEYS);
  }

  /** One method, because only the method that allocates local memory can use it. */
  private static void attend(KernelContext c, FloatArray m, IntArray d, int kind) {
    float[] own = c.allocateFloatLocalArray(1056); // [token][channel], 33 floats per row
    float[] others = c.allocateFloatLocalArray(1056);
    float[] weights = c.allocateFloatLocalArray(2112); // two times [own][other]
    float[] partial = c.allocateFloatLocalArray(544); // 17 floats per row
    float[] max = c.allocateFloatLocalArray(32);
    float[] total = c.allocateFloatLocalArray(32); // later its inverse
    float[] factor = c.allocateFloatLocalArray(32);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    // A thread's share of 32 x 32 numbers: rows y and y + 16, columns x and x + 16.
    int x = thread & 15;
    int y = thread >> 4;
    int tokens = d.get(kind == KEYS ? Common.KEY_TOKENS : Common.QUERY_TOKENS);
    int otherTokens = d.get(kind == KEYS ? Common.QUERY_TOKENS : Common.KEY_TOKENS);
    int bias = d.get(Common.BIAS);
    int reach = d.get(Common.REACH);
    int stride = d.get(Common.STRIDE);
    int heads = d.get(Common.HEADS);
    int size = d.get(Common.HEAD_SIZE);
    float scale = 1f / TornadoMath.sqrt((float) size);
    int passes = kind == FORWARD ? 1 : 2;
    int results = kind == KEYS ? 2 : 1;
    int blocks = (tokens + 31) / 32;
    int items = d.get(Common.IMAGES) * heads * blocks;
    for (int item = c.groupIdx; item < items; item += groups) {
      int head = item / blocks;
      int first = item % blocks * 32;
      int count = Math.min(32, tokens - first);
      int base = head / heads * tokens * stride + head % heads * size;
      int otherBase = head / heads * otherTokens * stride + head % heads * size;
      int perQuery = head * d.get(Common.QUERY_TILES) * 16;
      int begin = kind == KEYS ? Math.max(0, first - reach) : 0;
      int end = kind == KEYS ? otherTokens : Math.min(otherTokens, first + 32 + reach);
      int saved = perQuery + first;
      // Whole tiles of 16 queries are saved: those beyond the last query repeat it.
      int places = Math.min(32, d.get(Common.QUERY_TILES) * 16 - first);
      if (kind == FORWARD) {
        if (thread < 32) {
          max[thread] = -1e30f;
          total[thread] = 0f;
        }
      }
      if (kind == QUERIES) {
        // The products of output and gradient, eight threads for each query.
        int at = base + Math.min(first + (thread >> 3), tokens - 1) * stride;
        int outAt = d.get(Queries.OUT) + at;
        int gradientAt = d.get(Queries.GRAD_OUT) + at;
        float product = 0f;
        for (int i = thread & 7; i < size; i += 8) {
          product += m.get(outAt + i) * m.get(gradientAt + i);
        }
        partial[(thread >> 3) * 17 + (thread & 7)] = product;
        c.localBarrier();
        if (thread < places) {
          float sum = 0f;
          for (int i = 0; i < 8; i++) {
            sum += partial[thread * 17 + i];
          }
          factor[thread] = sum;
          m.set(d.get(Queries.PRODUCTS) + saved + thread, sum);
          max[thread] = m.get(d.get(Common.MAXIMA) + saved + thread);
          total[thread] = m.get(d.get(Common.INVERSES) + saved + thread);
        }
      }
      c.localBarrier();
      for (int j = begin; j < end; j += 32) {
        int rest = Math.min(32, end - j);
        // Scores, and for gradients also the products of gradients and values.
        for (int pass = 0; pass < passes; pass++) {
          int ownAt = d.get(kind == KEYS ? Common.K : Common.Q);
          int othersAt = d.get(kind == KEYS ? Common.Q : Common.K);
          float unit = scale;
          if (pass == 1) {
            ownAt = d.get(kind == KEYS ? Common.V : Queries.GRAD_OUT);
            othersAt = d.get(kind == KEYS ? Keys.GRAD_OUT : Common.V);
            unit = 1f;
          }
          float s00 = 0f;
          float s01 = 0f;
          float s10 = 0f;
          float s11 = 0f;
          for (int e = 0; e < size; e += 32) {
            for (int i = thread; i < 1024; i += Tiles.THREADS) {
              int token = i >> 5;
              int channel = i & 31;
              float a = 0f;
              float b = 0f;
              if (e + channel < size) {
                int at = e + channel;
                a = m.get(ownAt + base + at + Math.min(first + token, tokens - 1) * stride);
                b =
                    m.get(
                        othersAt + otherBase + at + Math.min(j + token, otherTokens - 1) * stride);
              }
              own[token * 33 + channel] = a;
              others[token * 33 + channel] = b;
            }
            c.localBarrier();
            int channels = Math.min(32, size - e);
            for (int i = 0; i < channels; i++) {
              float a0 = own[y * 33 + i];
              float a1 = own[y * 33 + 528 + i];
              float b0 = others[x * 33 + i];
              float b1 = others[x * 33 + 528 + i];
              s00 += a0 * b0;
              s01 += a0 * b1;
              s10 += a1 * b0;
              s11 += a1 * b1;
            }
            c.localBarrier();
          }
          int to = pass * 1056 + y * 33 + x;
          weights[to] = unit * s00;
          weights[to + 16] = unit * s01;
          weights[to + 528] = unit * s10;
          weights[to + 544] = unit * s11;
        }
        // Scores become weights; each thread knows its own four.
        if (d.get(Common.MASKED) != 0) {
          int biases = bias + head / heads * d.get(Common.BIAS_STRIDE);
          int last = d.get(Common.KEY_TOKENS) - 1;
          for (int r = y; r < 32; r += 16) {
            for (int o = x; o < 32; o += 16) {
              int query = kind == KEYS ? j + o : first + r;
              int key = kind == KEYS ? first + r : j + o;
              float of = bias < 0 ? 0f : m.get(biases + Math.min(key, last));
              weights[r * 33 + o] =
                  AttentionKernels.masked(weights[r * 33 + o], of, query + reach, key);
            }
          }
        }
        if (kind == FORWARD) {
          for (int r = y; r < 32; r += 16) {
            float greatest = -1e30f;
            for (int o = x; o < rest; o += 16) {
              greatest = TornadoMath.max(greatest, weights[r * 33 + o]);
            }
            partial[r * 17 + x] = greatest;
          }
          c.localBarrier();
          for (int r = y; r < 32; r += 16) {
            float greatest = max[r];
            for (int i = 0; i < 16; i++) {
              greatest = TornadoMath.max(greatest, partial[r * 17 + i]);
            }
            for (int o = x; o < 32; o += 16) {
              float p = 0f;
              if (o < rest) {
                p = TornadoMath.exp(weights[r * 33 + o] - greatest);
              }
              weights[r * 33 + o] = p;
            }
          }
          c.localBarrier();
          if (thread < 32) {
            float greatest = max[thread];
            for (int i = 0; i < 16; i++) {
              greatest = TornadoMath.max(greatest, partial[thread * 17 + i]);
            }
            float f = TornadoMath.exp(max[thread] - greatest);
            float sum = f * total[thread];
            for (int i = 0; i < rest; i++) {
              sum += weights[thread * 33 + i];
            }
            max[thread] = greatest;
            factor[thread] = f;
            if (j + 32 >= end) {
              sum = 1f / sum;
            }
            total[thread] = sum;
          }
        } else {
          for (int r = y; r < 32; r += 16) {
            for (int o = x; o < 32; o += 16) {
              float p = 0f;
              float gradient = 0f;
              if (o < rest) {
                float greatest;
                float inverse;
                float mean;
                if (kind == QUERIES) {
                  greatest = max[r];
                  inverse = total[r];
                  mean = factor[r];
                } else {
                  greatest = m.get(d.get(Common.MAXIMA) + perQuery + j + o);
                  inverse = m.get(d.get(Common.INVERSES) + perQuery + j + o);
                  mean = m.get(d.get(Keys.PRODUCTS) + perQuery + j + o);
                }
                p = TornadoMath.exp(weights[r * 33 + o] - greatest) * inverse;
                gradient = p * (weights[1056 + r * 33 + o] - mean);
              }
              weights[r * 33 + o] = p;
              weights[1056 + r * 33 + o] = gradient;
            }
          }
        }
        // The others' rows times their weights go to the results.
        for (int result = 0; result < results; result++) {
          int from = kind == FORWARD ? 0 : 1056;
          int othersAt = d.get(kind == FORWARD ? Common.V : kind == QUERIES ? Common.K : Common.Q);
          int out =
              d.get(kind == FORWARD ? Forward.OUT : kind == QUERIES ? Queries.GRAD_Q : Keys.GRAD_K);
          float unit = scale;
          if (result == 1) {
            from = 0;
            othersAt = d.get(Keys.GRAD_OUT);
            out = d.get(Keys.GRAD_V);
            unit = 1f;
          }
          for (int e = 0; e < size; e += 32) {
            for (int i = thread; i < 1024; i += Tiles.THREADS) {
              int channel = i & 31;
              float b = 0f;
              if (e + channel < size) {
                b =
                    m.get(
                        othersAt
                            + otherBase
                            + e
                            + channel
                            + Math.min(j + (i >> 5), otherTokens - 1) * stride);
              }
              others[(i >> 5) * 33 + channel] = b;
            }
            c.localBarrier();
            float s00 = 0f;
            float s01 = 0f;
            float s10 = 0f;
            float s11 = 0f;
            for (int i = 0; i < rest; i++) {
              float a0 = weights[from + y * 33 + i];
              float a1 = weights[from + y * 33 + 528 + i];
              float b0 = others[i * 33 + x];
              float b1 = others[i * 33 + 16 + x];
              s00 += a0 * b0;
              s01 += a0 * b1;
              s10 += a1 * b0;
              s11 += a1 * b1;
            }
            for (int r = y; r < count; r += 16) {
              float earlier = 1f;
              float finish = 1f;
              if (kind == FORWARD) {
                earlier = factor[r];
              }
              if (j + 32 >= end) {
                finish = unit;
                if (kind == FORWARD) {
                  finish = total[r];
                }
              }
              for (int o = e + x; o < Math.min(e + 32, size); o += 16) {
                int at = out + base + (first + r) * stride + o;
                float sum = r == y ? (o == e + x ? s00 : s01) : (o == e + x ? s10 : s11);
                if (j > begin) {
                  sum += earlier * m.get(at);
                }
                m.set(at, finish * sum);
              }
            }
            c.localBarrier();
          }
        }
      }
      if (kind == FORWARD) {
        if (thread < places) {
          m.set(d.get(Common.MAXIMA) + saved + thread, max[thread]);
          m.set(d.get(Common.INVERSES) + saved + thread, total[thread]);
        }
      }
      // The padding lanes after the last head.
      if (head % heads == heads - 1) {
        int out =
            d.get(kind == FORWARD ? Forward.OUT : kind == QUERIES ? Queries.GRAD_Q : Keys.GRAD_K);
        int padding = stride - heads * size;
        for (int i = thread; i < count * padding; i += Tiles.THREADS) {
          int at = base + (first + i / padding) * stride + size + i % padding;
          m.set(out + at, 0f);
          if (kind == KEYS) {
            m.set(d.get(Keys.GRAD_V) + at, 0f);
          }
        }
      }
      c.localBarrier();
    }
  }
}
