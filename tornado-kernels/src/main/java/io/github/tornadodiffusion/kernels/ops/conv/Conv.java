package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.Variant;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.Flip;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.WeightGradient;
import io.github.tornadodiffusion.kernels.ops.product.ProductTile;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Convolution over NHWC blocks, forward and gradients; a linear layer is a 1x1 convolution over
 * rows. Weights are stored as {@code [round16(cout) / 16][kernelH][kernelW][round16(cin)][16]} with
 * zero padding: 16 output channels are the lanes of a vector, and everything else is in the order
 * in which the kernel walks the input.
 *
 * <p>The border of the input block is the padding of the convolution.
 */
public final class Conv {
  private static final Kernel FORWARD =
      Kernel.of(ConvKernels.class, "forward")
          .with(ConvOracles::forward)
          .with(Tiles.variant(ProductTile.KERNEL, ConvProduct::forward))
          .with(Winograd.forward(Capability.WINOGRAD))
          .with(Winograd.forward(Capability.WINOGRAD_EVERYWHERE));
  private static final Kernel FLIP = Kernel.of(ConvKernels.class, "flip").with(ConvOracles::flip);
  private static final Kernel INPUT_GRADIENT =
      Kernel.of(Conv.class, "inputGradient")
          .with(ConvOracles::inputGradient)
          .with(Winograd.inputGradient(Capability.WINOGRAD))
          .with(Winograd.inputGradient(Capability.WINOGRAD_EVERYWHERE))
          .with(Tiles.variant(ProductTile.KERNEL, ConvProduct::inputGradient))
          .with(
              new Variant(
                  Capability.NOTHING,
                  List.of(FLIP, FORWARD),
                  call -> true,
                  Conv::weightSize,
                  Conv::forwardOfFlipped));
  private static final Kernel CHUNK_GRADIENTS =
      Kernel.of(ConvKernels.class, "weightGradient")
          .with(ConvOracles::weightGradient)
          .with(Tiles.variant(ProductTile.KERNEL, ConvProduct::weightGradient));
  private static final Kernel WEIGHT_GRADIENT =
      Kernel.of(Conv.class, "weightGradient")
          .with(ConvOracles::weightGradient)
          .with(Winograd.weightGradient(Capability.WINOGRAD))
          .with(Winograd.weightGradient(Capability.WINOGRAD_EVERYWHERE))
          .with(inChunks(Capability.WORK_GROUPS, Conv::imagesPerLaunch))
          .with(inChunks(Capability.NOTHING, Conv::imagesPerCache));

  /**
   * Bytes of input and output gradient that one chunk of images may have, so that they stay in a
   * core's cache.
   */
  private static final int CHUNK_BYTES = 640 * 1024;

  /** Tiles of 64 x 32 that keep a GPU busy. */
  private static final int TILES = 256;

  /** Pixels below which a chunk is not worth its sum. */
  private static final int CHUNK_PIXELS = 1024;

  private Conv() {}

  /** Floats of a weight tensor in the arena. */
  public static int weightSize(int kernelH, int kernelW, int cin, int cout) {
    return Math.multiplyExact(Block.round16(cout) * kernelH * kernelW, Block.round16(cin));
  }

  /**
   * {@code out = conv(in) + bias + perImage + residual}.
   *
   * @param in with a border that is the padding: {@code out.h() == (in.rows() - kernelH) / stride +
   *     1}
   * @param weights offset of the weights
   * @param bias offset of {@code [round16(cout)]}, or -1
   * @param perImage offset of {@code [n][round16(cout)]}, added to all pixels of an image, or -1
   * @param residual offset of a borderless block of out's shape, which may be out itself
   *     (accumulates), or -1
   * @param out without border
   * @throws IllegalArgumentException if the shapes do not fit
   */
  public static Call forward(
      Block in,
      int weights,
      int kernelH,
      int kernelW,
      int stride,
      int bias,
      int perImage,
      int residual,
      Block out) {
    check(in, out, kernelH, kernelW, stride);
    int rowStride = in.columns() * in.stride();
    int run = kernelW * in.stride();
    // Without border and stride a 1x1 convolution sees one long row of pixels: tiles need not stop
    // at image edges.
    boolean flat =
        kernelH == 1 && kernelW == 1 && stride == 1 && in.size() == in.pixels() * in.stride();
    int images = flat ? 1 : out.n();
    int outH = flat ? 1 : out.h();
    int outW = flat ? out.pixels() : out.w();
    int shift = tileShift(outW, outH);
    int tilesX = (outW + (1 << shift) - 1) >> shift;
    int tilesY = (outH + (8 >> shift) - 1) / (8 >> shift);
    // The sums start from the residual or else from the bias or else from the zeros at the start of
    // the arena.
    boolean fromResidual = residual >= 0;
    boolean fromBias = !fromResidual && bias >= 0;
    int[] d = new int[Forward.SIZE];
    d[Forward.IN] = in.offset();
    d[Forward.IN_ROW] = rowStride;
    d[Forward.IN_IMAGE] = in.rows() * rowStride;
    d[Forward.PIXEL_STEP] = stride * in.stride();
    d[Forward.RUN] = run;
    d[Forward.KERNEL_H] = kernelH;
    d[Forward.WEIGHTS] = weights;
    d[Forward.PANEL] = kernelH * run * 16;
    d[Forward.OUT] = out.offset();
    d[Forward.OUT_STRIDE] = out.stride();
    d[Forward.TILES_X] = tilesX;
    d[Forward.TILES_Y] = tilesY;
    d[Forward.IMAGES] = images;
    d[Forward.OUT_W] = outW;
    d[Forward.OUT_H] = outH;
    d[Forward.ROW_STEP] = stride * rowStride;
    d[Forward.TILE_SHIFT] = shift;
    d[Forward.START] = fromResidual ? residual : fromBias ? bias : 0;
    d[Forward.START_PIXEL] = fromResidual ? out.stride() : 0;
    d[Forward.START_CHANNEL] = fromResidual || fromBias ? 1 : 0;
    d[Forward.BIAS] = fromResidual ? bias : -1;
    d[Forward.PER_IMAGE] = perImage;
    d[Forward.IMAGE_PIXELS] = out.h() * out.w();
    int extent = tilesX * tilesY * images * ((out.stride() + 31) / 32);
    double flops = 2.0 * out.pixels() * out.c() * kernelH * kernelW * in.c();
    double bytes = 4.0 * (in.size() + weightSize(kernelH, kernelW, in.c(), out.c()) + out.size());
    return new Call(FORWARD, d, extent, flops, bytes);
  }

  /**
   * Log2 of the width of the tile of 8 pixels that covers an image with the least waste; the widest
   * of equals.
   */
  private static int tileShift(int w, int h) {
    int best = 3;
    for (int shift = 2; shift >= 0; shift--) {
      if (covered(w, h, shift) < covered(w, h, best)) {
        best = shift;
      }
    }
    return best;
  }

  private static int covered(int w, int h, int shift) {
    return ((w + (1 << shift) - 1) >> shift) * ((h + (8 >> shift) - 1) / (8 >> shift));
  }

  /**
   * Weights for the input gradient: flipped in space, input and output channels exchanged, {@code
   * [round16(cin) / 16][kernelH][kernelW][round16(cout)][16]}.
   */
  private static Call flip(int weights, int kernelH, int kernelW, int cin, int cout, int flipped) {
    int taps = kernelH * kernelW;
    int[] d = new int[Flip.SIZE];
    d[Flip.WEIGHTS] = weights;
    d[Flip.TAPS] = taps;
    d[Flip.IN_STRIDE] = Block.round16(cin);
    d[Flip.OUT_STRIDE] = Block.round16(cout);
    d[Flip.FLIPPED] = flipped;
    double bytes = 8.0 * weightSize(kernelH, kernelW, cin, cout);
    return new Call(FLIP, d, taps * (Block.round16(cin) / 16), 0, bytes);
  }

  /**
   * Gradient with respect to the input of a convolution: one of the output gradient with {@link
   * #flip}ped weights.
   *
   * @param gradOut with zeros inserted where a stride skipped pixels, and a border such that the
   *     result has the size of gradIn
   * @param weights of the convolution, offset
   * @param accumulate whether to add to gradIn or overwrite it
   * @param gradIn without border
   * @throws IllegalArgumentException if the shapes do not fit
   */
  public static Call inputGradient(
      Block gradOut, int weights, int kernelH, int kernelW, boolean accumulate, Block gradIn) {
    int residual = accumulate ? gradIn.offset() : -1;
    Call call = forward(gradOut, weights, kernelH, kernelW, 1, -1, -1, residual, gradIn);
    return new Call(INPUT_GRADIENT, call.descriptor(), call.extent(), call.flops(), call.bytes());
  }

  /** Floats of the weights of an input gradient. */
  private static int weightSize(Call inputGradient) {
    int[] d = inputGradient.descriptor();
    return d[Forward.PANEL] * (d[Forward.OUT_STRIDE] / 16);
  }

  private static List<Call> forwardOfFlipped(Call inputGradient, int flipped) {
    int[] d = inputGradient.descriptor().clone();
    int cin = d[Forward.OUT_STRIDE];
    int cout = d[Forward.PIXEL_STEP];
    Call flip =
        flip(d[Forward.WEIGHTS], d[Forward.KERNEL_H], d[Forward.RUN] / cout, cin, cout, flipped);
    d[Forward.WEIGHTS] = flipped;
    return List.of(
        flip,
        new Call(FORWARD, d, inputGradient.extent(), inputGradient.flops(), inputGradient.bytes()));
  }

  /**
   * Gradient with respect to the weights, in their layout.
   *
   * @param gradOut without border
   * @param accumulate whether to add to gradWeights or overwrite it
   */
  public static Call weightGradient(
      Block in,
      Block gradOut,
      int kernelH,
      int kernelW,
      int stride,
      int gradWeights,
      boolean accumulate) {
    check(in, gradOut, kernelH, kernelW, stride);
    int size = weightSize(kernelH, kernelW, in.c(), gradOut.c());
    int rowStride = in.columns() * in.stride();
    int[] d = new int[WeightGradient.SIZE];
    d[WeightGradient.IN] = in.offset();
    d[WeightGradient.IN_ROW] = rowStride;
    d[WeightGradient.IN_IMAGE] = in.rows() * rowStride;
    d[WeightGradient.PIXEL_STEP] = stride * in.stride();
    d[WeightGradient.IN_STRIDE] = in.stride();
    d[WeightGradient.KERNEL_H] = kernelH;
    d[WeightGradient.KERNEL_W] = kernelW;
    d[WeightGradient.ROW_STEP] = stride * rowStride;
    d[WeightGradient.GRAD_OUT] = gradOut.offset();
    d[WeightGradient.OUT_STRIDE] = gradOut.stride();
    d[WeightGradient.IMAGES] = gradOut.n();
    d[WeightGradient.OUT_W] = gradOut.w();
    d[WeightGradient.OUT_H] = gradOut.h();
    d[WeightGradient.GRADIENT] = gradWeights;
    d[WeightGradient.CHUNK_FLOATS] = size;
    d[WeightGradient.CHUNKS] = 1;
    d[WeightGradient.CHUNK_IMAGES] = gradOut.n();
    d[WeightGradient.ACCUMULATE] = accumulate ? 1 : 0;
    int extent = in.stride() / 8 * kernelH * kernelW * ((gradOut.stride() + 31) / 32);
    double flops = 2.0 * gradOut.pixels() * gradOut.c() * kernelH * kernelW * in.c();
    double bytes = 4.0 * (in.size() + gradOut.size() + size);
    return new Call(WEIGHT_GRADIENT, d, extent, flops, bytes);
  }

  /** Images are summed in chunks, and the chunks are added in a fixed order. */
  private static Variant inChunks(Capability needs, ToIntFunction<int[]> imagesPerChunk) {
    return new Variant(
        needs,
        List.of(CHUNK_GRADIENTS),
        call -> true,
        call -> {
          int chunks = chunks(call.descriptor(), imagesPerChunk);
          int size = call.descriptor()[WeightGradient.CHUNK_FLOATS];
          return chunks == 1 ? 0 : Math.multiplyExact(chunks, size);
        },
        (call, scratch) -> sumOfChunks(call, imagesPerChunk, scratch));
  }

  private static List<Call> sumOfChunks(
      Call weightGradient, ToIntFunction<int[]> imagesPerChunk, int scratch) {
    int[] d = weightGradient.descriptor().clone();
    int chunks = chunks(d, imagesPerChunk);
    int size = d[WeightGradient.CHUNK_FLOATS];
    int gradient = d[WeightGradient.GRADIENT];
    boolean accumulate = d[WeightGradient.ACCUMULATE] != 0;
    if (chunks > 1) {
      d[WeightGradient.GRADIENT] = scratch;
      d[WeightGradient.ACCUMULATE] = 0;
    }
    d[WeightGradient.CHUNKS] = chunks;
    d[WeightGradient.CHUNK_IMAGES] = imagesPerChunk.applyAsInt(d);
    Call call =
        new Call(
            CHUNK_GRADIENTS,
            d,
            weightGradient.extent() * chunks,
            weightGradient.flops(),
            weightGradient.bytes() + 4.0 * size * (chunks - 1));
    return chunks == 1
        ? List.of(call)
        : List.of(call, Reduce.sumRows(scratch, chunks, size, gradient, accumulate));
  }

  /** As many as stay in a core's cache. */
  private static int imagesPerCache(int[] d) {
    int pixels = d[WeightGradient.OUT_H] * d[WeightGradient.OUT_W];
    int image = 4 * (d[WeightGradient.IN_IMAGE] + pixels * d[WeightGradient.OUT_STRIDE]);
    return Math.clamp(CHUNK_BYTES / image, 1, d[WeightGradient.IMAGES]);
  }

  /** As many as leave enough tiles for a GPU, which adds up pixels one after the other. */
  private static int imagesPerLaunch(int[] d) {
    int rows =
        d[WeightGradient.KERNEL_H] * d[WeightGradient.KERNEL_W] * d[WeightGradient.IN_STRIDE];
    int tiles = (rows + 63) / 64 * ((d[WeightGradient.OUT_STRIDE] + 31) / 32);
    int images = d[WeightGradient.IMAGES];
    int pixels = images * d[WeightGradient.OUT_H] * d[WeightGradient.OUT_W];
    int chunks = Math.clamp(Math.min(TILES / tiles, pixels / CHUNK_PIXELS), 1, images);
    return (images + chunks - 1) / chunks;
  }

  private static int chunks(int[] d, ToIntFunction<int[]> imagesPerChunk) {
    int images = imagesPerChunk.applyAsInt(d);
    return (d[WeightGradient.IMAGES] + images - 1) / images;
  }

  private static void check(Block in, Block out, int kernelH, int kernelW, int stride) {
    if (in.n() != out.n()
        || out.h() != (in.rows() - kernelH) / stride + 1
        || out.w() != (in.columns() - kernelW) / stride + 1
        || out.rows() != out.h()
        || out.columns() != out.w()) {
      throw new IllegalArgumentException(
          "A %dx%d convolution with stride %d does not lead from %s to %s"
              .formatted(kernelH, kernelW, stride, in, out));
    }
  }
}
