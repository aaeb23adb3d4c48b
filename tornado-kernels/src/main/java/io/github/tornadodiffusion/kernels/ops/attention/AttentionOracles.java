package io.github.tornadodiffusion.kernels.ops.attention;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.Terms;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Common;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Keys;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels.Queries;

/** Oracles of {@code Attention}. */
final class AttentionOracles {
  private AttentionOracles() {}

  /** The head of the descriptor that all kernels share. */
  private record Head(
      int images,
      int queries,
      int keys,
      int stride,
      int heads,
      int size,
      int queryTiles,
      int q,
      int k,
      int v,
      int maxima,
      int inverses,
      int bias,
      int biasStride,
      int reach) {
    static Head of(int[] d) {
      return new Head(
          d[Common.IMAGES],
          d[Common.QUERY_TOKENS],
          d[Common.KEY_TOKENS],
          d[Common.STRIDE],
          d[Common.HEADS],
          d[Common.HEAD_SIZE],
          d[Common.QUERY_TILES],
          d[Common.Q],
          d[Common.K],
          d[Common.V],
          d[Common.MAXIMA],
          d[Common.INVERSES],
          d[Common.BIAS],
          d[Common.BIAS_STRIDE],
          d[Common.REACH]);
    }

    String shape() {
      String tokens = queries == keys ? "" + queries : "%dx%d".formatted(queries, keys);
      return "%dx%s tokens, %d heads of %d%s%s"
          .formatted(
              images,
              tokens,
              heads,
              size,
              bias < 0 ? "" : ", biased",
              reach == 0 ? ", causal" : "");
    }

    double scale() {
      return 1 / Math.sqrt(size);
    }

    /** A block of so many tokens an image; its padding must be zero. */
    Region block(int offset, int tokens, PerToken value) {
      return Region.at(
          offset,
          images * tokens * stride,
          (i, before, sum) -> {
            int channel = i % stride;
            if (channel < heads * size) {
              int image = i / stride / tokens;
              Rows rows = new Rows(this, before, image, channel / size);
              value.add(rows, i / stride % tokens, channel % size, sum);
            }
          });
    }

    /** A value for each query of each head of each image. */
    Region perQuery(int offset, PerToken value) {
      return new Region(
          images * heads * queries,
          i -> offset + saved(i / queries, i % queries),
          (i, before, sum) -> {
            Rows rows = new Rows(this, before, i / queries / heads, i / queries % heads);
            value.add(rows, i % queries, 0, sum);
          });
    }

    /** Queries are saved in tiles of 16. */
    int saved(int head, int query) {
      return head * queryTiles * 16 + query;
    }
  }

  /** Adds the terms of a token's value in a channel of the head. */
  private interface PerToken {
    void add(Rows rows, int token, int channel, Terms sum);
  }

  /** One head of one image. */
  private record Rows(Head head, Arena before, int image, int number) {
    /** An element of a block of the shape of q. */
    double ofQuery(int block, int token, int channel) {
      return at(block, image * head.queries + token, channel);
    }

    /** An element of a block of the shape of k. */
    double ofKey(int block, int token, int channel) {
      return at(block, image * head.keys + token, channel);
    }

    private double at(int block, int row, int channel) {
      return before.at(block + row * head.stride + number * head.size + channel);
    }

    double product(int ofQuery, int query, int ofKey, int key) {
      double sum = 0;
      for (int c = 0; c < head.size; c++) {
        sum += ofQuery(ofQuery, query, c) * ofKey(ofKey, key, c);
      }
      return sum;
    }

    double score(int query, int key) {
      if (key > query + head.reach) {
        return Double.NEGATIVE_INFINITY;
      }
      double bias = head.bias < 0 ? 0 : before.at(head.bias + image * head.biasStride + key);
      return head.scale() * product(head.q, query, head.k, key) + bias;
    }

    /** What an earlier call saved for a query. */
    double saved(int block, int query) {
      return before.at(block + head.saved(image * head.heads + number, query));
    }

    /** The weight of a key from what forward saved. */
    double weight(int query, int key) {
      double above = score(query, key) - saved(head.maxima, query);
      return Math.exp(above) * saved(head.inverses, query);
    }

    double greatestScore(int query) {
      double greatest = Double.NEGATIVE_INFINITY;
      for (int key = 0; key < head.keys; key++) {
        greatest = Math.max(greatest, score(query, key));
      }
      return greatest;
    }

    /** The sum of exp(score - greatest) over the keys. */
    double total(int query, double greatest) {
      double total = 0;
      for (int key = 0; key < head.keys; key++) {
        total += Math.exp(score(query, key) - greatest);
      }
      return total;
    }
  }

  static Expectation forward(Call call) {
    int[] d = call.descriptor();
    Head head = Head.of(d);
    return new Expectation(
        head.shape(),
        head.block(
            d[Forward.OUT],
            head.queries,
            (rows, query, channel, sum) -> {
              double greatest = rows.greatestScore(query);
              double total = rows.total(query, greatest);
              for (int key = 0; key < head.keys; key++) {
                double weight = Math.exp(rows.score(query, key) - greatest) / total;
                sum.add(weight * rows.ofKey(head.v, key, channel));
              }
            }),
        head.perQuery(
            head.maxima, (rows, query, channel, sum) -> sum.add(rows.greatestScore(query))),
        head.perQuery(
            head.inverses,
            (rows, query, channel, sum) ->
                sum.add(1 / rows.total(query, rows.greatestScore(query)))));
  }

  static Expectation queries(Call call) {
    int[] d = call.descriptor();
    Head head = Head.of(d);
    int out = d[Queries.OUT];
    int gradOut = d[Queries.GRAD_OUT];
    return new Expectation(
        head.shape(),
        head.block(
            d[Queries.GRAD_Q],
            head.queries,
            (rows, query, channel, sum) -> {
              double mean = 0;
              for (int c = 0; c < head.size; c++) {
                mean += rows.ofQuery(out, query, c) * rows.ofQuery(gradOut, query, c);
              }
              for (int key = 0; key < head.keys; key++) {
                double gradient = rows.product(gradOut, query, head.v, key) - mean;
                double weight = head.scale() * rows.weight(query, key);
                sum.add(weight * gradient * rows.ofKey(head.k, key, channel));
              }
            }),
        head.perQuery(
            d[Queries.PRODUCTS],
            (rows, query, channel, sum) -> {
              for (int c = 0; c < head.size; c++) {
                sum.add(rows.ofQuery(out, query, c) * rows.ofQuery(gradOut, query, c));
              }
            }));
  }

  static Expectation keys(Call call) {
    int[] d = call.descriptor();
    Head head = Head.of(d);
    int gradOut = d[Keys.GRAD_OUT];
    return new Expectation(
        head.shape(),
        head.block(
            d[Keys.GRAD_K],
            head.keys,
            (rows, key, channel, sum) -> {
              for (int query = 0; query < head.queries; query++) {
                double mean = rows.saved(d[Keys.PRODUCTS], query);
                double gradient = rows.product(gradOut, query, head.v, key) - mean;
                double weight = head.scale() * rows.weight(query, key);
                sum.add(weight * gradient * rows.ofQuery(head.q, query, channel));
              }
            }),
        head.block(
            d[Keys.GRAD_V],
            head.keys,
            (rows, key, channel, sum) -> {
              for (int query = 0; query < head.queries; query++) {
                sum.add(rows.weight(query, key) * rows.ofQuery(gradOut, query, channel));
              }
            }));
  }
}
