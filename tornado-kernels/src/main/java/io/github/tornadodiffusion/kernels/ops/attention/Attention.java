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
 * Multi-head attention softmax(q k^T / sqrt(d)) v (Vaswani et al. 2017, equation 1) within each
 * image. q, k and v are blocks of one shape [n, h, w, c] without border, whose h * w pixels are the
 * tokens; head i is the channels i*d .. (i+1)*d - 1, d = c / heads.
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

  private Attention() {}

  /**
   * Floats that {@link #forward} saves for {@link #backward}: the greatest score and the sum for
   * each head and query.
   */
  public static int savedSize(Block q, int heads) {
    return 2 * perQuery(q, heads);
  }

  /** Floats of scratch memory that {@link #forward} needs. */
  public static int forwardScratch(Block q, int heads) {
    return Math.multiplyExact(tiles(q, heads), forwardTile(q, heads));
  }

  /**
   * out = softmax(q k^T / sqrt(d)) v.
   *
   * @param heads a divisor of the number of channels
   * @param out without border
   * @param saved room for {@link #savedSize} floats
   * @param scratch room for {@link #forwardScratch} floats
   */
  public static List<Call> forward(
      Block q, Block k, Block v, int heads, Block out, int saved, int scratch) {
    check(q, k, v, out);
    double products = products(q);
    double tensor = 4.0 * q.size();
    int[] d = descriptor(Forward.SIZE, q, k, v, heads, saved, scratch, forwardTile(q, heads));
    d[Forward.OUT] = out.offset();
    return List.of(new Call(FORWARD, d, tiles(q, heads), 2 * products, 4 * tensor));
  }

  /** Floats of scratch memory that {@link #backward} needs. */
  public static int backwardScratch(Block q, int heads) {
    return Math.addExact(
        perQuery(q, heads), Math.multiplyExact(tiles(q, heads), keysTile(q, heads)));
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
      Block out,
      int saved,
      Block gradOut,
      Block gradQ,
      Block gradK,
      Block gradV,
      int scratch) {
    check(q, k, v, out, gradOut, gradQ, gradK, gradV);
    int products = scratch;
    int tileScratch = scratch + perQuery(q, heads);
    int tiles = tiles(q, heads);
    double tensor = 4.0 * q.size();
    int[] queries =
        descriptor(Queries.SIZE, q, k, v, heads, saved, tileScratch, queriesTile(q, heads));
    queries[Queries.OUT] = out.offset();
    queries[Queries.GRAD_OUT] = gradOut.offset();
    queries[Queries.PRODUCTS] = products;
    queries[Queries.GRAD_Q] = gradQ.offset();
    int[] keys = descriptor(Keys.SIZE, q, k, v, heads, saved, tileScratch, keysTile(q, heads));
    keys[Keys.GRAD_OUT] = gradOut.offset();
    keys[Keys.PRODUCTS] = products;
    keys[Keys.GRAD_K] = gradK.offset();
    keys[Keys.GRAD_V] = gradV.offset();
    return List.of(
        new Call(QUERIES, queries, tiles, 3 * products(q), 6 * tensor),
        new Call(KEYS, keys, tiles, 4 * products(q), 6 * tensor));
  }

  /** A descriptor of the given length with the common places filled in. */
  private static int[] descriptor(
      int size, Block q, Block k, Block v, int heads, int saved, int scratch, int tileScratch) {
    int[] d = new int[size];
    d[Common.IMAGES] = q.n();
    d[Common.TOKENS] = tokens(q);
    d[Common.STRIDE] = q.stride();
    d[Common.HEADS] = heads;
    d[Common.HEAD_SIZE] = q.c() / heads;
    d[Common.HEAD_TILES] = tilesOfHead(q);
    d[Common.Q] = q.offset();
    d[Common.K] = k.offset();
    d[Common.V] = v.offset();
    d[Common.MAXIMA] = saved;
    d[Common.INVERSES] = saved + perQuery(q, heads);
    d[Common.SCRATCH] = scratch;
    d[Common.TILE_SCRATCH] = tileScratch;
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

  private static int perQuery(Block q, int heads) {
    return 16 * tiles(q, heads);
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
  private static double products(Block q) {
    return 2.0 * q.n() * tokens(q) * tokens(q) * q.c();
  }

  private static void check(Block q, Block... others) {
    for (Block other : others) {
      if (q.n() != other.n() || q.c() != other.c() || q.h() != other.h() || q.w() != other.w()) {
        throw new IllegalArgumentException(
            "Attention with queries %s: shapes differ, %s".formatted(q, other));
      }
      checkBorder(other);
    }
    checkBorder(q);
  }

  private static void checkBorder(Block block) {
    if (block.rows() != block.h() || block.columns() != block.w()) {
      throw new IllegalArgumentException("Attention: %s must not have a border".formatted(block));
    }
  }
}
