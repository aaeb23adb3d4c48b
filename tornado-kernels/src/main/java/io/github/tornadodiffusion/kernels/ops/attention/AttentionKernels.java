package io.github.tornadodiffusion.kernels.ops.attention;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernels behind {@link Attention}. An iteration does one tile: 16 tokens of one head of one
 * image, which become the lanes. It transposes its tile into its own scratch memory, so that every
 * sum runs vertically, and walks over the other tokens eight at a time with the softmax rescaled as
 * it goes (Milakov and Gimelshein 2018; Dao et al. 2022). No matrix of queries x keys ever exists.
 * In {@code forward} and {@code queries} the lanes are queries and the walk is over keys, in {@code
 * keys} it is the other way round.
 *
 * <p>Blocks of queries are [IMAGES][QUERY_TOKENS][STRIDE], those of keys and values
 * [IMAGES][KEY_TOKENS][STRIDE]; the channels of head i start at i * HEAD_SIZE. In the equations q,
 * k and v are [tokens][HEAD_SIZE], one head of one image, and mask[i][j] is the bias of key j, or
 * hides key j from query i.
 *
 * <p>The helpers take only offsets: a vector argument is boxed wherever C2 does not inline the
 * helper. None of them calls exp twice, because that would exceed the number of nodes at which C2
 * stops inlining. Their loops over rows read the bound from memory, so that TornadoVM does not
 * unroll them.
 */
public final class AttentionKernels {
  /** The places that all three descriptors begin with. */
  static final class Common {
    static final int IMAGES = 0;

    /** Queries of an image. */
    static final int QUERY_TOKENS = 1;

    /** Keys of an image. */
    static final int KEY_TOKENS = 2;

    /** Channel stride of q, k and v. */
    static final int STRIDE = 3;

    static final int HEADS = 4;

    /** Channels of a head. */
    static final int HEAD_SIZE = 5;

    /** Tiles of 16 queries of a head. */
    static final int QUERY_TILES = 6;

    /** Tiles of 16 keys of a head. */
    static final int KEY_TILES = 7;

    static final int Q = 8;
    static final int K = 9;
    static final int V = 10;

    /** Greatest score of each query, 16 queries a tile in the order of the tiles. */
    static final int MAXIMA = 11;

    /** Inverse sum of the exponentials of each query, as {@link #MAXIMA}. */
    static final int INVERSES = 12;

    static final int SCRATCH = 13;

    /** Floats of scratch memory of a tile. */
    static final int TILE_SCRATCH = 14;

    /** What is added to the scores of a key, [IMAGES][BIAS_STRIDE], or -1. */
    static final int BIAS = 15;

    static final int BIAS_STRIDE = 16;

    /** How many keys after its own place a query sees: 0, or all. */
    static final int REACH = 17;

    /** 1 if some score changes, or 0. */
    static final int MASKED = 18;

    static final int SIZE = 19;

    private Common() {}
  }

  /** Own places of {@link #forward}. */
  static final class Forward {
    static final int OUT = Common.SIZE;
    static final int SIZE = Common.SIZE + 1;

    private Forward() {}
  }

  /** Own places of {@link #queries}. */
  static final class Queries {
    static final int OUT = Common.SIZE;
    static final int GRAD_OUT = Common.SIZE + 1;

    /** Product of output and gradient of each query, as {@link Common#MAXIMA}. */
    static final int PRODUCTS = Common.SIZE + 2;

    static final int GRAD_Q = Common.SIZE + 3;
    static final int SIZE = Common.SIZE + 4;

    private Queries() {}
  }

  /** Own places of {@link #keys}. */
  static final class Keys {
    static final int GRAD_OUT = Common.SIZE;

    /** What {@link #queries} wrote. */
    static final int PRODUCTS = Common.SIZE + 1;

    static final int GRAD_K = Common.SIZE + 2;
    static final int GRAD_V = Common.SIZE + 3;
    static final int SIZE = Common.SIZE + 4;

    private Keys() {}
  }

  private AttentionKernels() {}

  /**
   * score = q k^T / sqrt(HEAD_SIZE) + mask, maxima[i] = max over j of score[i][j], inverses[i] = 1
   * / sum over j of exp(score[i][j] - maxima[i]), out[i] = inverses[i] * sum over j of
   * exp(score[i][j] - maxima[i]) * v[j].
   *
   * <p>Scratch: queries and sums [head size][16] each, then weights [8][16] and a factor [16].
   */
  static void forward(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Common.HEADS) * d.get(Common.QUERY_TILES);
    for (@Parallel int t = 0; t < bound; t++) {
      int tokens = d.get(Common.QUERY_TOKENS);
      int others = d.get(Common.KEY_TOKENS);
      int stride = d.get(Common.STRIDE);
      int size = d.get(Common.HEAD_SIZE);
      int head = t / d.get(Common.QUERY_TILES);
      int first = t % d.get(Common.QUERY_TILES) * 16;
      int count = Math.min(16, tokens - first);
      int base = base(d, head, tokens);
      int otherBase = base(d, head, others);
      int queries = d.get(Common.SCRATCH) + t * d.get(Common.TILE_SCRATCH);
      int sums = queries + 16 * size;
      int weights = sums + 16 * size;
      int factor = weights + 128;
      transpose(
          m,
          d.get(Common.Q) + base + first * stride,
          stride,
          count,
          size,
          queries,
          1f / TornadoMath.sqrt((float) size));
      clear(m, sums, size);
      int end = Math.min(others, first + 16 + d.get(Common.REACH));
      int max = d.get(Common.MAXIMA) + t * 16;
      int total = d.get(Common.INVERSES) + t * 16;
      for (int lane = 0; lane < 16; lane++) {
        m.set(max + lane, -1e30f);
        m.set(total + lane, 0f);
      }
      for (int lane = 0; lane < 16; lane += Lanes.width()) {
        for (int j = 0; j < end; j += 8) {
          int left = others - 1 - j;
          int row = otherBase + j * stride;
          scores(m, d.get(Common.K) + row, stride, left, size, queries + lane, weights + lane);
          mask(m, d, head, first + lane, 1, j, 0, weights + lane);
          raise(m, left, weights + lane, max + lane, total + lane, factor + lane);
          weigh(m, left, weights + lane, max + lane, total + lane);
          accumulate(
              m,
              d.get(Common.V) + row,
              stride,
              left,
              size,
              weights + lane,
              factor + lane,
              sums + lane);
        }
        divide(m, sums + lane, size, total + lane);
      }
      store(m, d, head, base + first * stride, count, sums, d.get(Forward.OUT), 1f);
    }
  }

  /**
   * With weight[i][j] = exp(score[i][j] - maxima[i]) * inverses[i]: products[i] = out[i] .
   * gradOut[i] and gradQ[i] = sum over j of weight[i][j] * (gradOut[i] . v[j] - products[i]) * k[j]
   * / sqrt(HEAD_SIZE).
   *
   * <p>Scratch: queries, output gradients and sums [head size][16] each, then weights [8][16],
   * their gradients [8][16] and ones [16].
   */
  static void queries(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Common.HEADS) * d.get(Common.QUERY_TILES);
    for (@Parallel int t = 0; t < bound; t++) {
      int tokens = d.get(Common.QUERY_TOKENS);
      int others = d.get(Common.KEY_TOKENS);
      int stride = d.get(Common.STRIDE);
      int size = d.get(Common.HEAD_SIZE);
      int head = t / d.get(Common.QUERY_TILES);
      int first = t % d.get(Common.QUERY_TILES) * 16;
      int count = Math.min(16, tokens - first);
      int base = base(d, head, tokens);
      int otherBase = base(d, head, others);
      int queries = d.get(Common.SCRATCH) + t * d.get(Common.TILE_SCRATCH);
      int gradients = queries + 16 * size;
      int sums = gradients + 16 * size;
      int weights = sums + 16 * size;
      int scores = weights + 128;
      int ones = scores + 128;
      float scale = 1f / TornadoMath.sqrt((float) size);
      transpose(m, d.get(Common.Q) + base + first * stride, stride, count, size, queries, scale);
      transpose(
          m, d.get(Queries.GRAD_OUT) + base + first * stride, stride, count, size, gradients, 1f);
      clear(m, sums, size);
      for (int i = 0; i < 16; i++) {
        int row = d.get(Queries.OUT) + base + (first + Math.min(i, count - 1)) * stride;
        float product = 0f;
        for (int c = 0; c < size; c++) {
          product += m.get(row + c) * m.get(gradients + c * 16 + i);
        }
        m.set(d.get(Queries.PRODUCTS) + t * 16 + i, product);
        m.set(ones + i, 1f);
      }
      int end = Math.min(others, first + 16 + d.get(Common.REACH));
      int max = d.get(Common.MAXIMA) + t * 16;
      int inverse = d.get(Common.INVERSES) + t * 16;
      int product = d.get(Queries.PRODUCTS) + t * 16;
      for (int lane = 0; lane < 16; lane += Lanes.width()) {
        for (int j = 0; j < end; j += 8) {
          int left = others - 1 - j;
          int row = otherBase + j * stride;
          scores(m, d.get(Common.K) + row, stride, left, size, queries + lane, scores + lane);
          mask(m, d, head, first + lane, 1, j, 0, scores + lane);
          scores(m, d.get(Common.V) + row, stride, left, size, gradients + lane, weights + lane);
          weighQueries(
              m, left, scores + lane, weights + lane, max + lane, inverse + lane, product + lane);
          accumulate(
              m,
              d.get(Common.K) + row,
              stride,
              left,
              size,
              weights + lane,
              ones + lane,
              sums + lane);
        }
      }
      store(m, d, head, base + first * stride, count, sums, d.get(Queries.GRAD_Q), scale);
    }
  }

  /**
   * gradK[j] = sum over i of weight[i][j] * (gradOut[i] . v[j] - products[i]) * q[i] /
   * sqrt(HEAD_SIZE) and gradV[j] = sum over i of weight[i][j] * gradOut[i].
   *
   * <p>Scratch: keys, values, sums for keys and sums for values [head size][16] each, then weights
   * [8][16], their gradients [8][16] and ones [16].
   */
  static void keys(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Common.HEADS) * d.get(Common.KEY_TILES);
    for (@Parallel int t = 0; t < bound; t++) {
      int tokens = d.get(Common.KEY_TOKENS);
      int others = d.get(Common.QUERY_TOKENS);
      int stride = d.get(Common.STRIDE);
      int size = d.get(Common.HEAD_SIZE);
      int head = t / d.get(Common.KEY_TILES);
      int first = t % d.get(Common.KEY_TILES) * 16;
      int count = Math.min(16, tokens - first);
      int base = base(d, head, tokens);
      int otherBase = base(d, head, others);
      int keys = d.get(Common.SCRATCH) + t * d.get(Common.TILE_SCRATCH);
      int values = keys + 16 * size;
      int keySums = values + 16 * size;
      int valueSums = keySums + 16 * size;
      int weights = valueSums + 16 * size;
      int scores = weights + 128;
      int ones = scores + 128;
      float scale = 1f / TornadoMath.sqrt((float) size);
      transpose(m, d.get(Common.K) + base + first * stride, stride, count, size, keys, scale);
      transpose(m, d.get(Common.V) + base + first * stride, stride, count, size, values, 1f);
      clear(m, keySums, size);
      clear(m, valueSums, size);
      for (int i = 0; i < 16; i++) {
        m.set(ones + i, 1f);
      }
      int perQuery = head * d.get(Common.QUERY_TILES) * 16;
      int begin = Math.max(0, first - d.get(Common.REACH));
      for (int lane = 0; lane < 16; lane += Lanes.width()) {
        for (int i = begin; i < others; i += 8) {
          int left = others - 1 - i;
          int row = otherBase + i * stride;
          int query = perQuery + i;
          scores(m, d.get(Common.Q) + row, stride, left, size, keys + lane, weights + lane);
          mask(m, d, head, i, 0, first + lane, 1, weights + lane);
          scores(m, d.get(Keys.GRAD_OUT) + row, stride, left, size, values + lane, scores + lane);
          weighKeys(
              m,
              left,
              weights + lane,
              scores + lane,
              d.get(Common.MAXIMA) + query,
              d.get(Common.INVERSES) + query,
              d.get(Keys.PRODUCTS) + query);
          accumulate(
              m,
              d.get(Keys.GRAD_OUT) + row,
              stride,
              left,
              size,
              weights + lane,
              ones + lane,
              valueSums + lane);
          accumulate(
              m,
              d.get(Common.Q) + row,
              stride,
              left,
              size,
              scores + lane,
              ones + lane,
              keySums + lane);
        }
      }
      store(m, d, head, base + first * stride, count, keySums, d.get(Keys.GRAD_K), scale);
      store(m, d, head, base + first * stride, count, valueSums, d.get(Keys.GRAD_V), 1f);
    }
  }

  /**
   * Eight more keys: raises the maxima to their scores and writes the factor by which all earlier
   * weights shrink.
   */
  private static void raise(FloatArray m, int left, int scores, int max, int total, int factor) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int s = scores / lanes;
    Float16 oldMax = v.get(max / lanes);
    Float16 newMax = v.get(s);
    int rows = Math.min(8, left + 1);
    for (int r = 1; r < rows; r++) {
      newMax = Lanes.max(newMax, v.get(s + r * step));
    }
    newMax = Lanes.max(newMax, oldMax);
    Float16 f = Lanes.exp(Lanes.sub(oldMax, newMax));
    v.set(max / lanes, newMax);
    v.set(factor / lanes, f);
    v.set(total / lanes, Lanes.mul(f, v.get(total / lanes)));
  }

  /** Eight keys: turns scores into weights exp(score - maximum) and adds them to the total. */
  private static void weigh(FloatArray m, int left, int weights, int max, int total) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int w = weights / lanes;
    Float16 greatest = v.get(max / lanes);
    Float16 sum = v.get(total / lanes);
    int rows = Math.min(8, left + 1);
    for (int r = 0; r < rows; r++) {
      Float16 p = Lanes.exp(Lanes.sub(v.get(w + r * step), greatest));
      sum = Lanes.add(sum, p);
      v.set(w + r * step, p);
    }
    for (int r = rows; r < 8; r++) {
      v.set(w + r * step, Lanes.zero());
    }
    v.set(total / lanes, sum);
  }

  /** Replaces a total by its inverse and multiplies the sums by it. */
  private static void divide(FloatArray m, int sums, int size, int total) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int at = sums / lanes;
    Float16 inverse = Lanes.div(Lanes.splat(1f), v.get(total / lanes));
    v.set(total / lanes, inverse);
    for (int i = 0; i < size; i++) {
      v.set(at + i * step, Lanes.mul(v.get(at + i * step), inverse));
    }
  }

  /** Eight keys: turns gradients of weights into gradients of scores. */
  private static void weighQueries(
      FloatArray m, int left, int scores, int weights, int max, int inverse, int product) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int s = scores / lanes;
    int w = weights / lanes;
    Float16 greatest = v.get(max / lanes);
    Float16 perTotal = v.get(inverse / lanes);
    Float16 mean = v.get(product / lanes);
    int rows = Math.min(8, left + 1);
    for (int r = 0; r < rows; r++) {
      Float16 p = Lanes.mul(Lanes.exp(Lanes.sub(v.get(s + r * step), greatest)), perTotal);
      v.set(w + r * step, Lanes.mul(p, Lanes.sub(v.get(w + r * step), mean)));
    }
    for (int r = rows; r < 8; r++) {
      v.set(w + r * step, Lanes.zero());
    }
  }

  /**
   * Eight queries: turns scores into weights, and gradients of weights into gradients of scores.
   */
  private static void weighKeys(
      FloatArray m, int left, int weights, int gradients, int max, int inverse, int product) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int w = weights / lanes;
    int g = gradients / lanes;
    int rows = Math.min(8, left + 1);
    for (int r = 0; r < rows; r++) {
      Float16 perTotal = Lanes.splat(m.get(inverse + r));
      Float16 greatest = Lanes.splat(m.get(max + r));
      Float16 mean = Lanes.splat(m.get(product + r));
      Float16 p = Lanes.mul(Lanes.exp(Lanes.sub(v.get(w + r * step), greatest)), perTotal);
      v.set(w + r * step, p);
      v.set(g + r * step, Lanes.mul(p, Lanes.sub(v.get(g + r * step), mean)));
    }
    for (int r = rows; r < 8; r++) {
      v.set(w + r * step, Lanes.zero());
      v.set(g + r * step, Lanes.zero());
    }
  }

  /**
   * Where a head starts within the first token of its image, counted from the start of a block of
   * so many tokens an image.
   */
  private static int base(IntArray d, int head, int tokens) {
    return head / d.get(Common.HEADS) * tokens * d.get(Common.STRIDE)
        + head % d.get(Common.HEADS) * d.get(Common.HEAD_SIZE);
  }

  /**
   * Masks the scores of eight rows; each row and each lane is one query or one key further, as the
   * steps of the lanes say.
   */
  private static void mask(
      FloatArray m,
      IntArray d,
      int head,
      int query,
      int queryStep,
      int key,
      int keyStep,
      int scores) {
    if (d.get(Common.MASKED) != 0) {
      int bias = d.get(Common.BIAS);
      int reach = d.get(Common.REACH);
      int last = d.get(Common.KEY_TOKENS) - 1;
      int biases = bias + head / d.get(Common.HEADS) * d.get(Common.BIAS_STRIDE);
      for (int r = 0; r < 8; r++) {
        for (int lane = 0; lane < Lanes.width(); lane++) {
          int i = query + r * keyStep + lane * queryStep;
          int j = key + r * queryStep + lane * keyStep;
          int at = scores + r * 16 + lane;
          float of = bias < 0 ? 0f : m.get(biases + Math.min(j, last));
          m.set(at, masked(m.get(at), of, i + reach, j));
        }
      }
    }
  }

  /**
   * The score of a key under a mask, for a query that sees no key after lastKey. What is hidden is
   * so far below the least bias that it weighs nothing even beside keys with that bias.
   */
  static float masked(float score, float bias, int lastKey, int key) {
    return key > lastKey ? -2e30f : score + bias;
  }

  /**
   * tile[i][lane] = factor * row[lane][i]; lanes beyond {@code count} repeat the last row, and
   * nothing reads their results.
   */
  private static void transpose(
      FloatArray m, int rows, int stride, int count, int size, int tile, float factor) {
    for (int i = 0; i < size; i++) {
      for (int lane = 0; lane < 16; lane++) {
        m.set(tile + i * 16 + lane, factor * m.get(rows + Math.min(lane, count - 1) * stride + i));
      }
    }
  }

  /**
   * Writes factor * tile[i][lane] to the rows of an output from {@code first} on, and zeros to its
   * padding lanes if this is the last head.
   */
  private static void store(
      FloatArray m, IntArray d, int head, int first, int count, int tile, int out, float factor) {
    int stride = d.get(Common.STRIDE);
    int size = d.get(Common.HEAD_SIZE);
    int padding = 0;
    if (head % d.get(Common.HEADS) == d.get(Common.HEADS) - 1) {
      padding = stride - d.get(Common.HEADS) * size;
    }
    for (int lane = 0; lane < count; lane++) {
      int row = out + first + lane * stride;
      for (int i = 0; i < size; i++) {
        m.set(row + i, factor * m.get(tile + i * 16 + lane));
      }
      for (int i = 0; i < padding; i++) {
        m.set(row + size + i, 0f);
      }
    }
  }

  private static void clear(FloatArray m, int tile, int size) {
    VectorFloat16 v = new VectorFloat16(m);
    int from = tile / Lanes.width();
    int vectors = 16 / Lanes.width() * size;
    for (int i = 0; i < vectors; i++) {
      v.set(from + i, Lanes.zero());
    }
  }

  /**
   * score[r] = sum over i of row[r][i] * tile[i] for eight rows; rows beyond {@code left} repeat
   * the last one.
   */
  private static void scores(
      FloatArray m, int rows, int stride, int left, int size, int tile, int score) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int at = tile / lanes;
    int to = score / lanes;
    int r1 = rows + Math.min(1, left) * stride;
    int r2 = rows + Math.min(2, left) * stride;
    int r3 = rows + Math.min(3, left) * stride;
    int r4 = rows + Math.min(4, left) * stride;
    int r5 = rows + Math.min(5, left) * stride;
    int r6 = rows + Math.min(6, left) * stride;
    int r7 = rows + Math.min(7, left) * stride;
    Float16 s0 = Lanes.zero();
    Float16 s1 = Lanes.zero();
    Float16 s2 = Lanes.zero();
    Float16 s3 = Lanes.zero();
    Float16 s4 = Lanes.zero();
    Float16 s5 = Lanes.zero();
    Float16 s6 = Lanes.zero();
    Float16 s7 = Lanes.zero();
    for (int i = 0; i < size; i++) {
      Float16 x = v.get(at + i * step);
      s0 = Lanes.mulAdd(x, Lanes.splat(m.get(rows + i)), s0);
      s1 = Lanes.mulAdd(x, Lanes.splat(m.get(r1 + i)), s1);
      s2 = Lanes.mulAdd(x, Lanes.splat(m.get(r2 + i)), s2);
      s3 = Lanes.mulAdd(x, Lanes.splat(m.get(r3 + i)), s3);
      s4 = Lanes.mulAdd(x, Lanes.splat(m.get(r4 + i)), s4);
      s5 = Lanes.mulAdd(x, Lanes.splat(m.get(r5 + i)), s5);
      s6 = Lanes.mulAdd(x, Lanes.splat(m.get(r6 + i)), s6);
      s7 = Lanes.mulAdd(x, Lanes.splat(m.get(r7 + i)), s7);
    }
    v.set(to, s0);
    v.set(to + step, s1);
    v.set(to + 2 * step, s2);
    v.set(to + 3 * step, s3);
    v.set(to + 4 * step, s4);
    v.set(to + 5 * step, s5);
    v.set(to + 6 * step, s6);
    v.set(to + 7 * step, s7);
  }

  /**
   * sum[i] = factor * sum[i] + sum over eight rows r of weight[r] * row[r][i]; rows beyond {@code
   * left} have weight 0.
   */
  private static void accumulate(
      FloatArray m, int rows, int stride, int left, int size, int weight, int factor, int sum) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int w = weight / lanes;
    int to = sum / lanes;
    int r1 = rows + Math.min(1, left) * stride;
    int r2 = rows + Math.min(2, left) * stride;
    int r3 = rows + Math.min(3, left) * stride;
    int r4 = rows + Math.min(4, left) * stride;
    int r5 = rows + Math.min(5, left) * stride;
    int r6 = rows + Math.min(6, left) * stride;
    int r7 = rows + Math.min(7, left) * stride;
    Float16 f = v.get(factor / lanes);
    Float16 w0 = v.get(w);
    Float16 w1 = v.get(w + step);
    Float16 w2 = v.get(w + 2 * step);
    Float16 w3 = v.get(w + 3 * step);
    Float16 w4 = v.get(w + 4 * step);
    Float16 w5 = v.get(w + 5 * step);
    Float16 w6 = v.get(w + 6 * step);
    Float16 w7 = v.get(w + 7 * step);
    for (int i = 0; i < size; i++) {
      Float16 s = Lanes.mul(f, v.get(to + i * step));
      s = Lanes.mulAdd(w0, Lanes.splat(m.get(rows + i)), s);
      s = Lanes.mulAdd(w1, Lanes.splat(m.get(r1 + i)), s);
      s = Lanes.mulAdd(w2, Lanes.splat(m.get(r2 + i)), s);
      s = Lanes.mulAdd(w3, Lanes.splat(m.get(r3 + i)), s);
      s = Lanes.mulAdd(w4, Lanes.splat(m.get(r4 + i)), s);
      s = Lanes.mulAdd(w5, Lanes.splat(m.get(r5 + i)), s);
      s = Lanes.mulAdd(w6, Lanes.splat(m.get(r6 + i)), s);
      s = Lanes.mulAdd(w7, Lanes.splat(m.get(r7 + i)), s);
      v.set(to + i * step, s);
    }
  }
}
