package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Variant;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.WeightGradient;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Images;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Places;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Convolutions with 3 x 3 weights and stride 1 by Winograd's minimal filtering F(4 x 4, 3 x 3)
 * (Lavin and Gray 2016): 36 multiplications for 16 results instead of 144, with the points 0, 3/4,
 * -3/4, 3/2, -3/2 and infinity, whose rounding errors are half those of the usual integers.
 *
 * <pre>
 *   forward          V = bt x b        of every 6 x 6 patch of the input, 4 pixels apart
 *                    U = g w gt        of all weights
 *                    M[q] = V[q] U[q]  36 products of matrices: nearly all of the time
 *                    out = at M a      of every 4 x 4 patch of the output
 *   weight gradient  Y = a dy at       of every 4 x 4 patch of the output gradient
 *                    dU[q] = V[q]t Y[q]
 *                    dw = gt dU g
 * </pre>
 *
 * <p>Where there are more patches than output channels, U is computed first, and blocks of patches
 * go through all other stages together, in a core's cache. Where there are fewer, V is computed
 * first, and so go blocks of output channels. Memory does not grow with the batch. Every sum has
 * one order, whatever the number of threads: over input channels in M, over patches in dU.
 */
final class Winograd {
  private static final int SIDE = 6;
  private static final int PLANES = SIDE * SIDE;
  private static final int TAPS = 9;

  /** Patches that go through all stages together. */
  private static final int BLOCK = 32;

  /** Input channels of a weight gradient that a slot computes together. */
  private static final int GRADIENT_CHANNELS = 16;

  /** Floats of the planes of patches that a weight gradient sums over at once. */
  private static final int CHUNK_FLOATS = 1 << 19;

  /**
   * The fewest and the most of such patches: their planes are transformed back after each chunk.
   */
  private static final int LEAST = 64;

  private static final int MOST = 128;

  /** Parts of a call with memory of their own: enough to even out the load of cores. */
  private static final int SLOTS = 2 * Runtime.getRuntime().availableProcessors();

  private static final Kernel INPUT =
      Kernel.of(WinogradKernels.class, "input").with(WinogradOracles::input);
  private static final Kernel GRADIENT =
      Kernel.of(WinogradKernels.class, "gradient").with(WinogradOracles::gradient);
  private static final Kernel WEIGHTS =
      Kernel.of(WinogradKernels.class, "weights").with(WinogradOracles::weights);
  private static final Kernel FORWARD =
      Kernel.of(WinogradKernels.class, "forward").with(WinogradOracles::forward);
  private static final Kernel FORWARD_OF_FEW =
      Kernel.of(WinogradKernels.class, "forwardOfFew").with(WinogradOracles::forwardOfFew);
  private static final Kernel WEIGHT_GRADIENT =
      Kernel.of(WinogradKernels.class, "weightGradient").with(WinogradOracles::weightGradient);

  private final int images;
  private final int h;
  private final int w;
  private final int cin;
  private final int cout;

  private Winograd(int images, int h, int w, int cin, int cout) {
    this.images = images;
    this.h = h;
    this.w = w;
    this.cin = cin;
    this.cout = cout;
  }

  private static Winograd forward(Call call) {
    int[] d = call.descriptor();
    return new Winograd(
        d[Forward.IMAGES],
        d[Forward.OUT_H],
        d[Forward.OUT_W],
        d[Forward.PIXEL_STEP],
        d[Forward.OUT_STRIDE]);
  }

  private static Winograd weightGradient(Call call) {
    int[] d = call.descriptor();
    return new Winograd(
        d[WeightGradient.IMAGES],
        d[WeightGradient.OUT_H],
        d[WeightGradient.OUT_W],
        d[WeightGradient.IN_STRIDE],
        d[WeightGradient.OUT_STRIDE]);
  }

  /** As a variant of {@link Conv#forward}. */
  static Variant forward(Capability needs) {
    return forward(needs, 0);
  }

  /** As a variant of {@link Conv#inputGradient}. */
  static Variant inputGradient(Capability needs) {
    return forward(needs, 1);
  }

  private static Variant forward(Capability needs, int flipped) {
    return new Variant(
        needs,
        List.of(INPUT, WEIGHTS, FORWARD, FORWARD_OF_FEW),
        call -> {
          int[] d = call.descriptor();
          return d[Forward.KERNEL_H] == 3
              && d[Forward.RUN] == 3 * d[Forward.PIXEL_STEP]
              && d[Forward.ROW_STEP] == d[Forward.IN_ROW]
              && forward(call).serves(needs, 4096);
        },
        call -> forward(call).scratch(),
        (call, scratch) -> forward(call).forward(call, flipped, scratch));
  }

  /** As a variant of {@link Conv#weightGradient}. */
  static Variant weightGradient(Capability needs) {
    return new Variant(
        needs,
        List.of(INPUT, GRADIENT, WEIGHT_GRADIENT),
        call -> {
          int[] d = call.descriptor();
          return d[WeightGradient.KERNEL_H] == 3
              && d[WeightGradient.KERNEL_W] == 3
              && d[WeightGradient.PIXEL_STEP] == d[WeightGradient.IN_STRIDE]
              && d[WeightGradient.ROW_STEP] == d[WeightGradient.IN_ROW]
              && weightGradient(call).serves(needs, 8192);
        },
        call -> weightGradient(call).gradientScratch(),
        (call, scratch) -> weightGradient(call).weightGradient(call, scratch));
  }

  private int across() {
    return (w + 3) / 4;
  }

  private int down() {
    return (h + 3) / 4;
  }

  private int patches() {
    return images * across() * down();
  }

  /**
   * Whether it serves: everywhere, or where it takes less time than the direct convolution, because
   * transforms are few beside products, patches fill the tiles of a product, and little of them
   * lies beyond the edge.
   *
   * @param least channels of all patches from which on it takes less time
   */
  private boolean serves(Capability needs, int least) {
    return needs.equals(Capability.WINOGRAD_EVERYWHERE)
        || cin + cout >= 64
            && patches() >= 8
            && (long) patches() * (cin + cout) >= least
            && 16 * across() * down() * 0.6 <= h * w;
  }

  /** Whether there are few patches beside output channels. */
  private boolean few() {
    return patches() <= cout;
  }

  private static int round8(int patches) {
    return (patches + 7) / 8 * 8;
  }

  /** Patches that go together: blocks of equal size, with full register tiles. */
  private int together() {
    int blocks = (patches() + BLOCK - 1) / BLOCK;
    return round8((patches() + blocks - 1) / blocks);
  }

  private int inputPlane() {
    return round8(patches()) * cin + WinogradKernels.GAP;
  }

  private int weightPlane() {
    return cin * cout + WinogradKernels.GAP;
  }

  private int slots() {
    int parts = few() ? (cout + 31) / 32 : (patches() + together() - 1) / together();
    return Math.min(SLOTS, parts);
  }

  private int slot() {
    return few()
        ? PLANES * (WinogradKernels.COLUMNS * (cin + round8(patches())) + 2 * WinogradKernels.GAP)
        : PLANES * (together() * (cin + cout) + 2 * WinogradKernels.GAP);
  }

  private int scratch() {
    int first = PLANES * (few() ? inputPlane() : weightPlane());
    return Math.addExact(first, Math.multiplyExact(slots(), slot()));
  }

  private int[] places(int size, int scratch) {
    int[] p = new int[size];
    p[Places.SIDE] = SIDE;
    p[Places.PLANES] = PLANES;
    p[Places.TAPS] = TAPS;
    p[Places.BLOCK] = 256;
    p[Places.PATCHES] = patches();
    p[Places.ACROSS] = across();
    p[Places.DOWN] = down();
    p[Places.CIN] = cin;
    p[Places.COUT] = cout;
    p[Places.INPUTS] = scratch;
    p[Places.INPUT_PLANE] = inputPlane();
    p[Places.OTHERS] = scratch;
    p[Places.OTHER_PLANE] = weightPlane();
    return p;
  }

  /** Images with a border of one pixel. */
  private void images(int[] p, int in, int row, int image, int channels, int border) {
    p[Images.IN] = in;
    p[Images.ROW] = row;
    p[Images.IMAGE] = image;
    p[Images.IN_H] = h + border;
    p[Images.IN_W] = w + border;
    p[Images.CHANNELS] = channels;
    p[Images.PATCH] = channels;
    p[Images.PANEL] = 16;
  }

  private List<Call> forward(Call call, int flipped, int scratch) {
    int[] d = call.descriptor();
    int[] p = places(Images.SIZE, scratch);
    images(p, d[Forward.IN], d[Forward.IN_ROW], d[Forward.IN_IMAGE], cin, 2);
    p[Places.WEIGHTS] = d[Forward.WEIGHTS];
    p[Places.FLAG] = flipped;
    p[Places.SLOTS] = slots();
    p[Places.SLOT] = slot();
    p[Places.SCRATCH] = scratch + PLANES * (few() ? inputPlane() : weightPlane());
    p[Places.TOGETHER] = together();
    p[Images.OUT] = d[Forward.OUT];
    p[Images.OUT_H] = h;
    p[Images.OUT_W] = w;
    p[Images.START] = d[Forward.START];
    p[Images.START_PIXEL] = d[Forward.START_PIXEL];
    p[Images.START_CHANNEL] = d[Forward.START_CHANNEL];
    p[Images.BIAS] = d[Forward.BIAS];
    p[Images.PER_IMAGE] = d[Forward.PER_IMAGE];
    Call first =
        few()
            ? transform(INPUT, p, patches(), cin)
            : transform(WEIGHTS, p, cin / 16 * (cout / 16), 256);
    Kernel kernel = few() ? FORWARD_OF_FEW : FORWARD;
    double flops = 2.0 * PLANES * patches() * cin * cout;
    return List.of(first, new Call(kernel, p, slots(), flops, call.bytes()));
  }

  private static Call transform(Kernel kernel, int[] p, int extent, int floats) {
    double all = (double) PLANES * extent * floats;
    return new Call(kernel, p, extent, 4 * all, 8 * all);
  }

  /** Patches of a chunk of a weight gradient. */
  private int chunk() {
    int fitting = CHUNK_FLOATS / (PLANES * (cin + cout)) / 8 * 8;
    return Math.min(patches(), Math.clamp(fitting, LEAST, MOST));
  }

  private int gradientSlots() {
    int parts = (cin + GRADIENT_CHANNELS - 1) / GRADIENT_CHANNELS * ((cout + 31) / 32);
    return Math.min(SLOTS, parts);
  }

  private static int gradientSlot() {
    return PLANES * (GRADIENT_CHANNELS * WinogradKernels.COLUMNS + WinogradKernels.GAP);
  }

  private int gradientScratch() {
    int planes = Math.multiplyExact(PLANES, chunk() * (cin + cout) + 2 * WinogradKernels.GAP);
    return Math.addExact(planes, gradientSlots() * gradientSlot());
  }

  private List<Call> weightGradient(Call call, int scratch) {
    int[] d = call.descriptor();
    List<Call> calls = new ArrayList<>();
    for (int first = 0; first < patches(); first += chunk()) {
      int count = Math.min(chunk(), patches() - first);
      int[] p = places(Places.SIZE, scratch);
      p[Places.PATCHES] = count;
      p[Places.FIRST] = first;
      p[Places.INPUT_PLANE] = count * cin + WinogradKernels.GAP;
      p[Places.OTHERS] = scratch + PLANES * p[Places.INPUT_PLANE];
      p[Places.OTHER_PLANE] = count * cout + WinogradKernels.GAP;
      p[Places.WEIGHTS] = d[WeightGradient.GRADIENT];
      p[Places.FLAG] = first > 0 ? 1 : d[WeightGradient.ACCUMULATE];
      p[Places.SLOTS] = gradientSlots();
      p[Places.SLOT] = gradientSlot();
      p[Places.SCRATCH] = p[Places.OTHERS] + PLANES * p[Places.OTHER_PLANE];
      p[Places.TOGETHER] = GRADIENT_CHANNELS;
      int[] in = Arrays.copyOf(p, Images.SIZE);
      images(
          in, d[WeightGradient.IN], d[WeightGradient.IN_ROW], d[WeightGradient.IN_IMAGE], cin, 2);
      int[] gradOut = Arrays.copyOf(p, Images.SIZE);
      images(gradOut, d[WeightGradient.GRAD_OUT], w * cout, h * w * cout, cout, 0);
      for (int[] images : List.of(in, gradOut)) {
        images[Images.PATCH] = 16;
        images[Images.PANEL] = 16 * count;
      }
      calls.add(transform(INPUT, in, count, cin));
      calls.add(transform(GRADIENT, gradOut, count, cout));
      double flops = 2.0 * PLANES * count * cin * cout;
      calls.add(new Call(WEIGHT_GRADIENT, p, gradientSlots(), flops, call.bytes()));
    }
    return calls;
  }
}
