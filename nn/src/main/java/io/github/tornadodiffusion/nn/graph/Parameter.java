package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.conv.Conv;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.io.HostTensor;

/**
 * A parameter and its layout in the arena: convolution and linear weights as {@link Conv} reads
 * them, embeddings as {@code [entries][round16(features)]}, vectors padded to a multiple of 16.
 *
 * @param spec name and PyTorch's shape
 */
public record Parameter(ParameterSpec spec) {

  /**
   * Takes the position of every element in the arena's layout, in the order of PyTorch's layout.
   */
  private interface Place {
    void element(int torch, int arena);
  }

  /** The key in PyTorch's {@code state_dict}. */
  public String name() {
    return spec.name();
  }

  /** Floats in the arena, padding included. */
  public int floats() {
    int[] s = spec.shape();
    return switch (spec.kind()) {
      case CONV_WEIGHT -> Conv.weightSize(s[2], s[3], s[1], s[0]);
      case LINEAR_WEIGHT -> Conv.weightSize(1, 1, s[1], s[0]);
      case EMBEDDING -> s[0] * Block.round16(s[1]);
      case BIAS, NORM_WEIGHT, NORM_BIAS, FREQUENCIES -> Block.round16(s[0]);
    };
  }

  /** From PyTorch's layout to the arena's, with zeros as padding. */
  float[] pack(float[] torch) {
    float[] arena = new float[floats()];
    forEach((from, to) -> arena[to] = torch[from]);
    return arena;
  }

  /** From the arena's layout to PyTorch's. */
  HostTensor unpack(float[] arena) {
    float[] torch = new float[spec.size()];
    forEach((to, from) -> torch[to] = arena[from]);
    return new HostTensor(spec.shape(), torch);
  }

  private void forEach(Place place) {
    int[] s = spec.shape();
    if (spec.kind() == Kind.EMBEDDING) {
      for (int i = 0; i < s[0] * s[1]; i++) {
        place.element(i, i / s[1] * Block.round16(s[1]) + i % s[1]);
      }
    } else if (s.length == 1) {
      for (int i = 0; i < s[0]; i++) {
        place.element(i, i);
      }
    } else {
      int taps = s.length == 4 ? s[2] * s[3] : 1;
      int stride = Block.round16(s[1]);
      int torch = 0;
      for (int out = 0; out < s[0]; out++) {
        for (int in = 0; in < s[1]; in++) {
          for (int tap = 0; tap < taps; tap++) {
            place.element(torch++, ((out / 16 * taps + tap) * stride + in) * 16 + out % 16);
          }
        }
      }
    }
  }
}
