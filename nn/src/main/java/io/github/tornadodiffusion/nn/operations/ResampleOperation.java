package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.ops.resample.Resample;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** Changes of an image's height and width. */
public final class ResampleOperation {
  private ResampleOperation() {}

  private interface Forward {
    Call call(Block x, Block out);
  }

  private interface Backward {
    Call call(Block gradOut, Block gradX, boolean accumulate);
  }

  /** Records nearest-neighbour resampling to h x w pixels. */
  public static Tensor nearest(Graph graph, String label, Tensor x, int h, int w, Padding border) {
    return record(graph, label, x, h, w, border, Resample::nearest, Resample::nearestBackward);
  }

  /** Records the average of 2 x 2 pixels; an odd last row or column is dropped. */
  public static Tensor averagePool(Graph graph, String label, Tensor x, Padding border) {
    Scope.check(
        label,
        x.h() > 1 && x.w() > 1,
        "%d x %d pixels cannot be halved; use larger images",
        x.h(),
        x.w());
    return record(
        graph,
        label,
        x,
        x.h() / 2,
        x.w() / 2,
        border,
        Resample::averagePool,
        Resample::averagePoolBackward);
  }

  /** Records half the height and width after a filter; both must be even. */
  public static Tensor filteredHalf(Graph graph, String label, Tensor x, Padding border) {
    Scope.check(
        label,
        x.h() % 2 == 0 && x.w() % 2 == 0,
        "%d x %d pixels cannot be halved; use even sizes",
        x.h(),
        x.w());
    return record(
        graph,
        label,
        x,
        x.h() / 2,
        x.w() / 2,
        border,
        Resample::filteredHalf,
        Resample::filteredHalfBackward);
  }

  /** Records twice the height and width with a filter. */
  public static Tensor filteredDouble(Graph graph, String label, Tensor x, Padding border) {
    return record(
        graph,
        label,
        x,
        2 * x.h(),
        2 * x.w(),
        border,
        Resample::filteredDouble,
        Resample::filteredDoubleBackward);
  }

  private static Tensor record(
      Graph graph,
      String label,
      Tensor x,
      int h,
      int w,
      Padding border,
      Forward forward,
      Backward backward) {
    return graph.record(
        new UnaryOperation(
            label,
            x,
            null,
            null,
            UnaryOperation.out(label, x, Tensor.shape(x.n(), h, w, x.c(), border)),
            (in, constant, to) -> forward.call(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                backward.call(gradOut, gradX, accumulate)));
  }
}
