package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.kernels.Block;
import java.util.stream.IntStream;

/**
 * A tensor in an arena that another library holds too.
 *
 * @param offset where it begins
 * @param floats its length in the arena, padding included
 * @param places for each element in the order of PyTorch's layout, where it lies behind the offset
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
record Operand(int offset, int floats, int[] places) {
  /** Images: {@code [n, c, h, w]} in PyTorch. */
  static Operand images(Block block) {
    int[] places = new int[block.pixels() * block.c()];
    int i = 0;
    for (int n = 0; n < block.n(); n++) {
      for (int c = 0; c < block.c(); c++) {
        for (int y = 0; y < block.h(); y++) {
          for (int x = 0; x < block.w(); x++) {
            places[i++] = place(block, n, y, x) + c;
          }
        }
      }
    }
    return new Operand(block.offset(), block.size(), places);
  }

  /** Rows: {@code [n, h, w, c]} in PyTorch, as in the arena but for padding. */
  static Operand rows(Block block) {
    int[] places = new int[block.pixels() * block.c()];
    int i = 0;
    for (int n = 0; n < block.n(); n++) {
      for (int y = 0; y < block.h(); y++) {
        for (int x = 0; x < block.w(); x++) {
          for (int c = 0; c < block.c(); c++) {
            places[i++] = place(block, n, y, x) + c;
          }
        }
      }
    }
    return new Operand(block.offset(), block.size(), places);
  }

  /** Weights of a convolution, {@code [cout, cin, kernel, kernel]} in PyTorch. */
  static Operand weights(int offset, int cout, int cin, int kernel) {
    int taps = kernel * kernel;
    int stride = Block.round16(cin);
    int[] places =
        IntStream.range(0, cout * cin * taps)
            .map(i -> {
              int out = i / (cin * taps);
              int in = i / taps % cin;
              return ((out / 16 * taps + i % taps) * stride + in) * 16 + out % 16;
            })
            .toArray();
    return new Operand(offset, Block.round16(cout) * taps * stride, places);
  }

  /** Numbers one behind the other. */
  static Operand vector(int offset, int length) {
    return new Operand(offset, Block.round16(length), IntStream.range(0, length).toArray());
  }

  private static int place(Block block, int n, int y, int x) {
    int pixel = ((n * block.rows() + y) * block.columns() + x) * block.stride();
    return block.interior() - block.offset() + pixel;
  }

  /** From PyTorch's layout to the arena's, with zeros between. */
  float[] pack(float[] torch) {
    float[] arena = new float[floats];
    for (int i = 0; i < places.length; i++) {
      arena[places[i]] = torch[i];
    }
    return arena;
  }

  /** From the arena's layout to PyTorch's. */
  float[] unpack(float[] arena) {
    float[] torch = new float[places.length];
    for (int i = 0; i < places.length; i++) {
      torch[i] = arena[places[i]];
    }
    return torch;
  }
}
