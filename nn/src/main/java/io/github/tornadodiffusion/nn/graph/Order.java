package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;

/** The order of the elements of a tensor on the host; in the arena it is [n, h, w, c]. */
public enum Order {
  /** PyTorch's order of images, [n, c, h, w]. */
  CHANNELS_FIRST,
  /** [n, h, w, c], which for sequences is PyTorch's [n, tokens, c]. */
  CHANNELS_LAST;

  private interface Place {
    void element(int host, int arena);
  }

  /** From the host's order to a block, with zeros around and between. */
  float[] pack(Block block, float[] host) {
    float[] arena = new float[block.size()];
    forEach(block, (from, to) -> arena[to] = host[from]);
    return arena;
  }

  /** From a block to the host's order. */
  float[] unpack(Block block, float[] arena) {
    float[] host = new float[block.pixels() * block.c()];
    forEach(block, (to, from) -> host[to] = arena[from]);
    return host;
  }

  private void forEach(Block b, Place place) {
    int ofChannel = this == CHANNELS_FIRST ? b.h() * b.w() : 1;
    int ofPixel = this == CHANNELS_FIRST ? 1 : b.c();
    for (int n = 0; n < b.n(); n++) {
      for (int c = 0; c < b.c(); c++) {
        for (int y = 0; y < b.h(); y++) {
          int host = n * b.h() * b.w() * b.c() + c * ofChannel + y * b.w() * ofPixel;
          int arena = ((n * b.rows() + b.top() + y) * b.columns() + b.left()) * b.stride() + c;
          for (int x = 0; x < b.w(); x++) {
            place.element(host + x * ofPixel, arena + x * b.stride());
          }
        }
      }
    }
  }
}
