package io.github.tornadodiffusion.kernels.ops.attention;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Common;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Keys;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Queries;
import java.util.List;

/**
 * Multi-head attention softmax(q k^T / sqrt(d) + mask) v (Vaswani et al. 2017, equation 1) within
 * each image. q is a block [n, h, w, c] without border, whose h * w pixels are the tokens; k and v
 * are of one shape with as many images and channels, and may have other tokens. Head i is the
 * channels i*d .. (i+1)*d - 1, d = c / heads. The scores are never stored.
 */
public final class Attention {
  private static final Kernel FORWARD =
      Kernel.of(AttentionKernels.class, "forward")
          .with(AttentionOracles::forward)
          .with(Tiles.variant(AttentionTileKernels.class, "forward", 19_456));
  private static final Kernel QUERIES =
      Kernel.of(AttentionKernels.class, "queries")
          .with(AttentionOracles::queries)
          .with(Tiles.variant(AttentionTileKernels.class, "queries", 19_456));
  private static final Kernel KEYS =
      Kernel.of(AttentionKernels.class, "keys")
          .with(AttentionOracles::keys)
          .with(Tiles.variant(AttentionTileKernels.class, "keys", 19_456));

  /**
   * What the scores of keys are changed by.
   *
   * @param bias offset of [n][round16(keys)], which is added to the scores of every key: 0, or down
   *     to -1e30 for keys that nobody shall see; -1 for none
   * @param causal whether a query sees no key after it; there are as many keys as queries then
   */
  public record Mask(int bias, boolean causal) {
    /** Every query sees every key. */
    public static final Mask NONE = new Mask(-1, false);
  }

  private Attention() {}

  /**
   * Floats that {@link #forward} saves for {@link #backward}: the greatest score and the sum for
   * each head and query.
   */
  public static int savedSize(Block q, int heads) {
    return 2 * 16 * tiles(q, heads);
  }

  /** Floats of scratch memory that {@link #forward} needs. */
  public static int forwardScratch(Block q, int heads) {
    return Math.multiplyExact(tiles(q, heads), forwardTile(q, heads));
  }

  /**
   * out = softmax(q k^T / sqrt(d) + mask) v.
   *
   * @param heads a divisor of the number of channels
   * @param out of q's shape, without border
   * @param saved room for {@link #savedSize} floats
   * @param scratch room for {@link #forwardScratch} floats
   */
  public static List<Call> forward(
      Block q, Block k, Block v, int heads, Mask mask, Block out, int saved, int scratch) {
    check(q, k, v, mask);
    checkShape(q, out);
    int[] d = descriptor(Forward.SIZE, q, k, v, heads, mask, saved, scratch, forwardTile(q, heads));
    d[Forward.OUT] = out.offset();
    double bytes = 8.0 * (q.size() + k.size());
    return List.of(new Call(FORWARD, d, tiles(q, heads), 2 * products(q, k, mask), bytes));
  }

  /** Floats of scratch memory that {@link #backward} needs. */
  public static int backwardScratch(Block q, Block k, int heads) {
    int queries = Math.multiplyExact(tiles(q, heads), queriesTile(q, heads));
    int keys = Math.multiplyExact(tiles(k, heads), keysTile(k, heads));
    return Math.addExact(16 * tiles(q, heads), Math.max(queries, keys));
  }

  /**
   * The gradients of {@link #forward}. Overwrites gradQ, gradK and gradV, which must not overlap
   * any other argument.
   *
   * @param out what forward wrote
   * @param saved what forward saved
   * @param gradOut without border
   * @param scratch room for {@link #backwardScratch} floats
   */
  public static List<Call> backward(
      Block q,
      Block k,
      Block v,
      int heads,
      Mask mask,
      Block out,
      int saved,
      Block gradOut,
      Block gradQ,
      Block gradK,
      Block gradV,
      int scratch) {
    check(q, k, v, mask);
    checkShape(q, out, gradOut, gradQ);
    checkShape(k, gradK, gradV);
    int products = scratch;
    int tileScratch = scratch + 16 * tiles(q, heads);
    double flops = products(q, k, mask);
    double bytes = 12.0 * (q.size() + k.size());
    int[] queries =
        descriptor(Queries.SIZE, q, k, v, heads, mask, saved, tileScratch, queriesTile(q, heads));
    queries[Queries.OUT] = out.offset();
    queries[Queries.GRAD_OUT] = gradOut.offset();
    queries[Queries.PRODUCTS] = products;
    queries[Queries.GRAD_Q] = gradQ.offset();
    int[] keys =
        descriptor(Keys.SIZE, q, k, v, heads, mask, saved, tileScratch, keysTile(q, heads));
    keys[Keys.GRAD_OUT] = gradOut.offset();
    keys[Keys.PRODUCTS] = products;
    keys[Keys.GRAD_K] = gradK.offset();
    keys[Keys.GRAD_V] = gradV.offset();
    return List.of(
        new Call(QUERIES, queries, tiles(q, heads), 3 * flops, bytes),
        new Call(KEYS, keys, tiles(k, heads), 4 * flops, bytes));
  }

  /** A descriptor of the given length with the common places filled in. */
  private static int[] descriptor(
      int size,
      Block q,
      Block k,
      Block v,
      int heads,
      Mask mask,
      int saved,
      int scratch,
      int tileScratch) {
    int[] d = new int[size];
    d[Common.IMAGES] = q.n();
    d[Common.QUERY_TOKENS] = tokens(q);
    d[Common.KEY_TOKENS] = tokens(k);
    d[Common.STRIDE] = q.stride();
    d[Common.HEADS] = heads;
    d[Common.HEAD_SIZE] = q.c() / heads;
    d[Common.QUERY_TILES] = tilesOfHead(q);
    d[Common.KEY_TILES] = tilesOfHead(k);
    d[Common.Q] = q.offset();
    d[Common.K] = k.offset();
    d[Common.V] = v.offset();
    d[Common.MAXIMA] = saved;
    d[Common.INVERSES] = saved + 16 * tiles(q, heads);
    d[Common.SCRATCH] = scratch;
    d[Common.TILE_SCRATCH] = tileScratch;
    d[Common.BIAS] = mask.bias();
    d[Common.BIAS_STRIDE] = Block.round16(tokens(k));
    d[Common.REACH] = mask.causal() ? 0 : Math.max(tokens(q), tokens(k));
    d[Common.MASKED] = mask.equals(Mask.NONE) ? 0 : 1;
    return d;
  }

  private static int tokens(Block q) {
    return q.h() * q.w();
  }

  private static int tilesOfHead(Block q) {
    return (tokens(q) + 15) / 16;
  }

  private static int tiles(Block q, int heads) {
    if (heads < 1 || q.c() % heads != 0) {
      throw new IllegalArgumentException(
          "%d channels cannot be split into %d heads: choose a divisor".formatted(q.c(), heads));
    }
    return q.n() * heads * tilesOfHead(q);
  }

  private static int forwardTile(Block q, int heads) {
    return 16 * (2 * (q.c() / heads) + 9);
  }

  private static int queriesTile(Block q, int heads) {
    return 16 * (3 * (q.c() / heads) + 17);
  }

  private static int keysTile(Block q, int heads) {
    return 16 * (4 * (q.c() / heads) + 17);
  }

  /** Floating-point operations of one product of queries and keys, or of weights and values. */
  private static double products(Block q, Block k, Mask mask) {
    double pairs = (double) tokens(q) * tokens(k);
    return (mask.causal() ? 1.0 : 2.0) * q.n() * pairs * q.c();
  }

  private static void check(Block q, Block k, Block v, Mask mask) {
    if (q.n() != k.n() || q.c() != k.c() || mask.causal() && tokens(q) != tokens(k)) {
      throw mismatch(q, k);
    }
    checkBorder(q);
    checkShape(k, k, v);
  }

  private static void checkShape(Block shape, Block... others) {
    for (Block other : others) {
      checkBorder(other);
      if (!shape.at(0).equals(other.at(0))) {
        throw mismatch(shape, other);
      }
    }
  }

  private static IllegalArgumentException mismatch(Block a, Block b) {
    return new IllegalArgumentException("Attention: %s and %s do not fit".formatted(a, b));
  }

  private static void checkBorder(Block block) {
    if (block.rows() != block.h() || block.columns() != block.w()) {
      throw new IllegalArgumentException("Attention: %s must not have a border".formatted(block));
    }
  }
}
