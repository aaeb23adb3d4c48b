package io.github.tornadodiffusion.kernels;

import java.util.List;

/** Convolution over NHWC blocks; linear layers are 1x1 convolutions over rows. Weights [round16(cout)/16][kh][kw][round16(cin)][16]. */
public final class Conv {
  private Conv() {}

  public static int weightSize(int kernelH, int kernelW, int cin, int cout) {
    return Block.round16(cout) * kernelH * kernelW * Block.round16(cin);
  }

  /**
   * out = conv(in) + bias + perImage + residual. The border of {@code in} is the padding: out.h = (in.rows() - kernelH) / stride + 1.
   *
   * @param bias [round16(cout)] or -1
   * @param perImage [n][round16(cout)], added to all pixels of an image, or -1
   * @param residual offset of a borderless block of out's shape, which may be out itself (accumulates), or -1
   * @param out without border
   */
  public static Call forward(Block in, int weights, int kernelH, int kernelW, int stride, int bias, int perImage, int residual, Block out) {
    throw new UnsupportedOperationException();
  }

  /** Weights for the input gradient: flipped in space, cin and cout exchanged: [round16(cin)/16][kh][kw][round16(cout)][16]. */
  public static Call flip(int weights, int kernelH, int kernelW, int cin, int cout, int flipped) {
    throw new UnsupportedOperationException();
  }

  public static int weightGradientScratch(Block in, Block gradOut, int kernelH, int kernelW, int stride) {
    throw new UnsupportedOperationException();
  }

  /** Gradient with respect to the weights, in their layout. gradOut without border. */
  public static List<Call> weightGradient(Block in, Block gradOut, int kernelH, int kernelW, int stride, int gradWeights, boolean accumulate, int scratch) {
    throw new UnsupportedOperationException();
  }
}
