package io.github.tornadodiffusion.kernels.ops.elementwise;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.Rows.Own;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.Concat;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.Slice;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.Softmax;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.SoftmaxBackward;
import io.github.tornadodiffusion.kernels.ops.elementwise.ElementwiseKernels.Affine;
import io.github.tornadodiffusion.kernels.ops.elementwise.ElementwiseKernels.Scale;
import java.util.List;

/**
 * Operations that touch every element once; all are bound by memory. An output's border and padding
 * lanes are written as zeros; inputs may have a border, which is skipped. With accumulate the
 * result is added to the output, which must not have a border. An input may be the output itself
 * where both have the same border. Blocks that do not fit each other cause an
 * IllegalArgumentException.
 */
public final class Elementwise {
  private static final Kernel COPY =
      Kernel.of(ElementwiseKernels.class, "copy").with(ElementwiseOracles::copy);
  private static final Kernel ADD =
      Kernel.of(ElementwiseKernels.class, "add").with(ElementwiseOracles::add);
  private static final Kernel SCALE =
      Kernel.of(ElementwiseKernels.class, "scale").with(ElementwiseOracles::scale);
  private static final Kernel AFFINE =
      Kernel.of(ElementwiseKernels.class, "affine").with(ElementwiseOracles::affine);
  private static final Kernel SOFTMAX =
      Kernel.of(ChannelKernels.class, "softmax").with(ChannelOracles::softmax);
  private static final Kernel SOFTMAX_BACKWARD =
      Kernel.of(ChannelKernels.class, "softmaxBackward").with(ChannelOracles::softmaxBackward);
  private static final Kernel CONCAT =
      Kernel.of(ChannelKernels.class, "concat").with(ChannelOracles::concat);
  private static final Kernel CONCAT_UNALIGNED =
      Kernel.of(ChannelKernels.class, "concatUnaligned").with(ChannelOracles::concat);
  private static final Kernel SLICE =
      Kernel.of(ChannelKernels.class, "slice").with(ChannelOracles::slice);
  private static final Kernel SLICE_UNALIGNED =
      Kernel.of(ChannelKernels.class, "sliceUnaligned").with(ChannelOracles::slice);

  private Elementwise() {}

  /** to = from: adds, removes or changes a border. */
  public static Call copy(Block from, Block to, boolean accumulate) {
    return call(COPY, 0, accumulate, to, List.of(from));
  }

  /** out = a + b. */
  public static Call add(Block a, Block b, Block out) {
    return call(ADD, 1, false, out, List.of(a, b));
  }

  /** out = factor * x; factor is the offset of a constant. */
  public static Call scale(Block x, int factor, Block out, boolean accumulate) {
    return call(SCALE, 1, accumulate, out, List.of(x), Rows.at(Scale.FACTOR, factor));
  }

  /** out = factor * x + term; both are offsets of constants. */
  public static Call affine(Block x, int factor, int term, Block out) {
    return call(
        AFFINE,
        2,
        false,
        out,
        List.of(x),
        Rows.at(Affine.CHANNELS, out.c()),
        Rows.at(Affine.STRIDE, out.stride()),
        Rows.at(Affine.FACTOR, factor),
        Rows.at(Affine.TERM, term));
  }

  /** Softmax over the channels of each pixel. */
  public static Call softmax(Block x, Block out) {
    return call(
        SOFTMAX,
        5,
        false,
        out,
        List.of(x),
        Rows.at(Softmax.CHANNELS, out.c()),
        Rows.at(Softmax.STRIDE, out.stride()));
  }

  /**
   * Gradient of {@link #softmax} at its result: gradX = out * (gradOut - sum over channels of out *
   * gradOut).
   */
  public static Call softmaxBackward(Block out, Block gradOut, Block gradX, boolean accumulate) {
    return call(
        SOFTMAX_BACKWARD,
        4,
        accumulate,
        gradX,
        List.of(out, gradOut),
        Rows.at(SoftmaxBackward.STRIDE, gradX.stride()));
  }

  /** Channels of a, then channels of b; fast where a.c() is a multiple of 16. */
  public static Call concat(Block a, Block b, Block out) {
    Kernel kernel = a.c() % 16 == 0 ? CONCAT : CONCAT_UNALIGNED;
    if (a.c() + b.c() != out.c()) {
      throw Rows.mismatch(kernel, b, out);
    }
    return Rows.call(
        kernel,
        0,
        false,
        out,
        List.of(a, b),
        Rows.at(Concat.A_CHANNELS, a.c()),
        Rows.at(Concat.A_STRIDE, a.stride()),
        Rows.at(Concat.B_CHANNELS, b.c()),
        Rows.at(Concat.B_STRIDE, b.stride()),
        Rows.at(Concat.STRIDE, out.stride()));
  }

  /**
   * out = channels fromChannel .. fromChannel + out.c() - 1 of x; the gradient of concat. Fast
   * where the channels before and inside are multiples of 16.
   */
  public static Call slice(Block x, int fromChannel, Block out, boolean accumulate) {
    int end = fromChannel + out.c();
    // Lanes after the last channel must be zero: if out.c() % 16 == 0 there are none, and at the
    // end of x they are zero already.
    boolean aligned = fromChannel % 16 == 0 && (out.c() % 16 == 0 || end == x.c());
    Kernel kernel = aligned ? SLICE : SLICE_UNALIGNED;
    if (fromChannel < 0 || end > x.c()) {
      throw new IllegalArgumentException(
          "%s: no channels %d to %d in %s".formatted(kernel.id(), fromChannel, end - 1, x));
    }
    Call call =
        Rows.call(
            kernel,
            0,
            accumulate,
            out,
            List.of(x),
            Rows.at(Slice.FROM, fromChannel),
            Rows.at(Slice.IN_STRIDE, x.stride()),
            Rows.at(Slice.CHANNELS, out.c()),
            Rows.at(Slice.STRIDE, out.stride()));
    // Of x it reads no more than it writes.
    double bytes = 4.0 * (out.pixels() * out.stride() + (accumulate ? 2.0 : 1.0) * out.size());
    return new Call(kernel, call.descriptor(), call.extent(), 0, bytes);
  }

  private static Call call(
      Kernel kernel, double flops, boolean accumulate, Block out, List<Block> inputs, Own... own) {
    Rows.requireSameChannels(kernel, out, inputs.toArray(Block[]::new));
    return Rows.call(kernel, flops, accumulate, out, inputs, own);
  }
}
