package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Variant;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.WeightGradient;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Output;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Patches;
import io.github.tornadodiffusion.kernels.ops.conv.WinogradKernels.Weights;
import io.github.tornadodiffusion.kernels.ops.product.MatMul;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels.Multiply;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

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
 * <p>As many patches go through all stages together as fit a cache, so memory does not grow with
 * the batch. Every sum has one order, whatever the number of patches and threads: over input
 * channels in M, over patches in dU.
 */
final class Winograd {
  private static final int PLANES = 36;

  /** Floats between planes, without which 36 of them would share few places of a cache. */
  private static final int GAP = 16;

  /** Floats of the planes of patches that go through all stages together. */
  private static final int PATCH_FLOATS = 1 << 20;

  /** Floats of the planes of weights that are transformed, used and forgotten. */
  private static final int WEIGHT_FLOATS = 1 << 18;

  private static final Kernel INPUT =
      Kernel.of(WinogradKernels.class, "input").with(WinogradOracles::input);
  private static final Kernel GRADIENT =
      Kernel.of(WinogradKernels.class, "gradient").with(WinogradOracles::gradient);
  private static final Kernel OUTPUT =
      Kernel.of(WinogradKernels.class, "output").with(WinogradOracles::output);
  private static final Kernel WEIGHTS =
      Kernel.of(WinogradKernels.class, "weights").with(WinogradOracles::weights);
  private static final Kernel WEIGHT_GRADIENT =
      Kernel.of(WinogradKernels.class, "weightGradient").with(WinogradOracles::weightGradient);

  /** What a convolution and its weight gradient have in common. */
  private record Shape(int images, int h, int w, int cin, int cout) {
    static Shape forward(Call call) {
      int[] d = call.descriptor();
      return new Shape(
          d[Forward.IMAGES],
          d[Forward.OUT_H],
          d[Forward.OUT_W],
          d[Forward.PIXEL_STEP],
          d[Forward.OUT_STRIDE]);
    }

    static Shape weightGradient(Call call) {
      int[] d = call.descriptor();
      return new Shape(
          d[WeightGradient.IMAGES],
          d[WeightGradient.OUT_H],
          d[WeightGradient.OUT_W],
          d[WeightGradient.IN_STRIDE],
          d[WeightGradient.OUT_STRIDE]);
    }

    int across() {
      return (w + 3) / 4;
    }

    int down() {
      return (h + 3) / 4;
    }

    int perImage() {
      return across() * down();
    }

    int patches() {
      return images * perImage();
    }

    /** Patches that go through all stages together: a multiple of 8, the rows of a product. */
    int together() {
      int fitting = PATCH_FLOATS / (PLANES * (cin + cout)) / 8 * 8;
      return Math.min(patches(), Math.max(16, fitting));
    }

    /** Output channels whose weights are transformed together: all, if they serve several times. */
    int columns() {
      int fitting = WEIGHT_FLOATS / (PLANES * cin) / 32 * 32;
      return together() < patches() ? cout : Math.clamp(fitting, Math.min(32, cout), cout);
    }

    int inputPlane() {
      return together() * cin + GAP;
    }

    int outputPlane() {
      return together() * cout + GAP;
    }

    int weightPlane() {
      return columns() * cin + GAP;
    }

    int inputs(int scratch) {
      return scratch;
    }

    int outputs(int scratch) {
      return scratch + PLANES * inputPlane();
    }

    int weights(int scratch) {
      return outputs(scratch) + PLANES * outputPlane();
    }

    int scratch() {
      return Math.multiplyExact(PLANES, inputPlane() + outputPlane() + weightPlane());
    }

    /**
     * Whether it takes less time than the direct convolution: where transforms are few beside
     * products, patches fill the tiles of a product, and little of them lies beyond the edge.
     */
    boolean pays() {
      return Math.min(cin, cout) >= 32
          && cin + cout >= 96
          && patches() >= 64
          && 16 * perImage() * 0.8 <= h * w;
    }
  }

  private Winograd() {}

  /** As a variant of {@link Conv#forward}. */
  static Variant forward(Capability needs) {
    return variant(
        needs,
        List.of(INPUT, WEIGHTS, OUTPUT),
        d ->
            d[Forward.KERNEL_H] == 3
                && d[Forward.RUN] == 3 * d[Forward.PIXEL_STEP]
                && d[Forward.ROW_STEP] == d[Forward.IN_ROW],
        Shape::forward,
        Winograd::forward);
  }

  /** As a variant of {@link Conv#weightGradient}. */
  static Variant weightGradient(Capability needs) {
    return variant(
        needs,
        List.of(INPUT, GRADIENT, WEIGHT_GRADIENT),
        d ->
            d[WeightGradient.KERNEL_H] == 3
                && d[WeightGradient.KERNEL_W] == 3
                && d[WeightGradient.PIXEL_STEP] == d[WeightGradient.IN_STRIDE]
                && d[WeightGradient.ROW_STEP] == d[WeightGradient.IN_ROW],
        Shape::weightGradient,
        Winograd::weightGradient);
  }

  private static Variant variant(
      Capability needs,
      List<Kernel> kernels,
      Predicate<int[]> can,
      Function<Call, Shape> shape,
      Variant.Calls calls) {
    boolean everywhere = needs.equals(Capability.WINOGRAD_EVERYWHERE);
    return new Variant(
        needs,
        kernels,
        call -> can.test(call.descriptor()) && (everywhere || shape.apply(call).pays()),
        call -> shape.apply(call).scratch(),
        calls);
  }

  private static List<Call> forward(Call call, int scratch) {
    int[] d = call.descriptor();
    Shape shape = Shape.forward(call);
    List<Call> calls = new ArrayList<>();
    boolean once = shape.together() == shape.patches();
    if (!once) {
      calls.add(weights(d, shape, scratch, 0));
    }
    for (int first = 0; first < shape.patches(); first += shape.together()) {
      int count = Math.min(shape.together(), shape.patches() - first);
      calls.add(
          input(
              shape,
              first,
              count,
              d[Forward.IN],
              d[Forward.IN_ROW],
              d[Forward.IN_IMAGE],
              shape.inputs(scratch)));
      for (int column = 0; column < shape.cout; column += shape.columns()) {
        if (once) {
          calls.add(weights(d, shape, scratch, column));
        }
        calls.add(product(shape, count, column, scratch));
      }
      calls.add(output(d, shape, first, count, scratch));
    }
    return calls;
  }

  private static List<Call> weightGradient(Call call, int scratch) {
    int[] d = call.descriptor();
    Shape shape = Shape.weightGradient(call);
    List<Call> calls = new ArrayList<>();
    for (int first = 0; first < shape.patches(); first += shape.together()) {
      int count = Math.min(shape.together(), shape.patches() - first);
      calls.add(
          input(
              shape,
              first,
              count,
              d[WeightGradient.IN],
              d[WeightGradient.IN_ROW],
              d[WeightGradient.IN_IMAGE],
              shape.inputs(scratch)));
      calls.add(gradient(d, shape, first, count, scratch));
      for (int column = 0; column < shape.cout; column += shape.columns()) {
        calls.add(transposedProduct(shape, count, column, first > 0, scratch));
        if (first + count == shape.patches()) {
          calls.add(finish(d, shape, column, scratch));
        }
      }
    }
    return calls;
  }

  private static int[] patches(
      int size, Shape shape, int first, int count, int channels, int planes, int plane) {
    int[] p = new int[size];
    p[Patches.COUNT] = count;
    p[Patches.FIRST] = first;
    p[Patches.ACROSS] = shape.across();
    p[Patches.DOWN] = shape.down();
    p[Patches.CHANNELS] = channels;
    p[Patches.PLANES] = planes;
    p[Patches.PLANE] = plane;
    p[Patches.ROW] = shape.w * channels;
    p[Patches.IMAGE] = shape.h * shape.w * channels;
    p[Patches.H] = shape.h;
    p[Patches.W] = shape.w;
    return p;
  }

  private static Call input(
      Shape shape, int first, int count, int in, int row, int image, int planes) {
    int[] p = patches(Patches.SIZE, shape, first, count, shape.cin, planes, shape.inputPlane());
    p[Patches.PIXELS] = in;
    p[Patches.ROW] = row;
    p[Patches.IMAGE] = image;
    p[Patches.H] = shape.h + 2;
    p[Patches.W] = shape.w + 2;
    return transform(INPUT, p, count, 2.0 * PLANES * shape.cin);
  }

  private static int[] outputPatches(int size, Shape shape, int first, int count, int scratch) {
    int planes = shape.outputs(scratch);
    return patches(size, shape, first, count, shape.cout, planes, shape.outputPlane());
  }

  private static Call gradient(int[] d, Shape shape, int first, int count, int scratch) {
    int[] p = outputPatches(Patches.SIZE, shape, first, count, scratch);
    p[Patches.PIXELS] = d[WeightGradient.GRAD_OUT];
    return transform(GRADIENT, p, count, 2.0 * PLANES * shape.cout);
  }

  private static Call output(int[] d, Shape shape, int first, int count, int scratch) {
    int[] p = outputPatches(Output.SIZE, shape, first, count, scratch);
    p[Patches.PIXELS] = d[Forward.OUT];
    p[Output.START] = d[Forward.START];
    p[Output.START_PIXEL] = d[Forward.START_PIXEL];
    p[Output.START_CHANNEL] = d[Forward.START_CHANNEL];
    p[Output.BIAS] = d[Forward.BIAS];
    p[Output.PER_IMAGE] = d[Forward.PER_IMAGE];
    return transform(OUTPUT, p, count, 2.0 * PLANES * shape.cout);
  }

  private static Call weights(int[] d, Shape shape, int scratch, int column) {
    return weights(WEIGHTS, shape, column, d[Forward.WEIGHTS] + column * 9 * shape.cin, 0, scratch);
  }

  private static Call finish(int[] d, Shape shape, int column, int scratch) {
    return weights(
        WEIGHT_GRADIENT,
        shape,
        column,
        d[WeightGradient.GRADIENT] + column * 9 * shape.cin,
        d[WeightGradient.ACCUMULATE],
        scratch);
  }

  private static Call weights(
      Kernel kernel, Shape shape, int column, int weights, int accumulate, int scratch) {
    int panels = Math.min(shape.columns(), shape.cout - column) / 16;
    int[] p = new int[Weights.SIZE];
    p[Weights.PANELS] = panels;
    p[Weights.CIN] = shape.cin;
    p[Weights.WEIGHTS] = weights;
    p[Weights.PLANES] = shape.weights(scratch);
    p[Weights.PLANE] = shape.weightPlane();
    p[Weights.ACCUMULATE] = accumulate;
    return transform(kernel, p, panels * (shape.cin / 8), 2.0 * PLANES * 8 * 16);
  }

  private static Call transform(Kernel kernel, int[] p, int extent, double floats) {
    return new Call(kernel, p, extent, 2 * extent * floats, 4 * extent * floats);
  }

  private static Call product(Shape shape, int count, int column, int scratch) {
    int columns = Math.min(shape.columns(), shape.cout - column);
    int[] p = new int[Multiply.SIZE];
    p[Multiply.A] = shape.inputs(scratch);
    p[Multiply.A_ROW] = shape.cin;
    p[Multiply.A_COLUMN] = 1;
    p[Multiply.A_MATRIX] = shape.inputPlane();
    p[Multiply.PACKED] = shape.weights(scratch);
    p[Multiply.PACKED_MATRIX] = shape.weightPlane();
    p[Multiply.K] = shape.cin;
    p[Multiply.M] = count;
    p[Multiply.STRIDE] = columns;
    p[Multiply.C] = shape.outputs(scratch) + column;
    p[Multiply.C_ROW] = shape.cout;
    p[Multiply.C_PANEL] = 16;
    p[Multiply.C_MATRIX] = shape.outputPlane();
    p[Multiply.BATCH] = PLANES;
    return MatMul.multiply(p, 2.0 * PLANES * count * shape.cin * columns);
  }

  private static Call transposedProduct(
      Shape shape, int count, int column, boolean accumulate, int scratch) {
    int columns = Math.min(shape.columns(), shape.cout - column);
    int[] p = new int[Multiply.SIZE];
    p[Multiply.A] = shape.inputs(scratch);
    p[Multiply.A_ROW] = 1;
    p[Multiply.A_COLUMN] = shape.cin;
    p[Multiply.A_MATRIX] = shape.inputPlane();
    p[Multiply.PACKED] = shape.outputs(scratch) + column * count;
    p[Multiply.PACKED_MATRIX] = shape.outputPlane();
    p[Multiply.K] = count;
    p[Multiply.M] = shape.cin;
    p[Multiply.STRIDE] = columns;
    p[Multiply.C] = shape.weights(scratch);
    p[Multiply.C_ROW] = 16;
    p[Multiply.C_PANEL] = 16 * shape.cin;
    p[Multiply.C_MATRIX] = shape.weightPlane();
    p[Multiply.ACCUMULATE] = accumulate ? 1 : 0;
    p[Multiply.BATCH] = PLANES;
    return MatMul.multiply(p, 2.0 * PLANES * count * shape.cin * columns);
  }
}
