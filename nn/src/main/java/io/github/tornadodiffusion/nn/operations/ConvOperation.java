package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.ops.conv.Conv;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import io.github.tornadodiffusion.kernels.ops.resample.Resample;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * {@code out = conv(x) + bias + perImage + residual}; the border of x is the padding.
 *
 * @param weight the parameter, which lies at {@code weightAt}
 * @param bias a parameter, which lies at {@code biasAt}, or null
 * @param perImage {@code [n, 1, 1, cout]}, added to all pixels of an image, or null
 * @param residual of out's shape, or null
 */
public record ConvOperation(
    String label,
    Tensor x,
    Parameter weight,
    Stored weightAt,
    Parameter bias,
    Stored biasAt,
    int kernelH,
    int kernelW,
    int stride,
    Tensor perImage,
    Tensor residual,
    Tensor out)
    implements Operation {

  /**
   * Records a convolution and what is added to its output. An input whose border is not the padding
   * is copied first. A linear layer is a 1 x 1 convolution.
   *
   * @param bias or null
   * @param perImage {@code [n, 1, 1, cout]} or null
   * @param residual of the output's shape, or null
   */
  public static Tensor record(
      Graph graph,
      String label,
      Tensor input,
      Parameter weight,
      Parameter bias,
      int stride,
      Padding padding,
      Tensor perImage,
      Tensor residual) {
    int[] shape = weight.spec().shape();
    int kernelH = shape.length == 4 ? shape[2] : 1;
    int kernelW = shape.length == 4 ? shape[3] : 1;
    Scope.check(
        label,
        input.c() == shape[1],
        "takes %d channels, not the %d of %s",
        shape[1],
        input.c(),
        input);
    int h = (padding.top() + input.h() + padding.bottom() - kernelH) / stride + 1;
    int w = (padding.left() + input.w() + padding.right() - kernelW) / stride + 1;
    Scope.check(
        label,
        h > 0 && w > 0,
        "%d x %d pixels are too few for a %d x %d convolution; use larger images",
        input.h(),
        input.w(),
        kernelH,
        kernelW);
    boolean needsGradient =
        graph.trains(weight, bias) || Tensor.anyNeedsGradient(input, perImage, residual);
    Tensor out = Tensor.of(label, Block.of(0, input.n(), h, w, shape[0]), needsGradient);
    Scope.check(
        label,
        residual == null || residual.shape().equals(out.shape()),
        "cannot add %s to %s: height and width must survive every downsampling undivided",
        residual,
        out);
    Tensor x = BorderOperation.record(graph, label, input, padding);
    return graph.record(
        new ConvOperation(
            label,
            x,
            weight,
            graph.at(weight),
            bias,
            graph.at(bias),
            kernelH,
            kernelW,
            stride,
            perImage,
            residual,
            out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label,
        at ->
            Conv.forward(
                at.block(x),
                at.of(weightAt),
                kernelH,
                kernelW,
                stride,
                at.of(biasAt),
                at.of(perImage),
                at.of(residual),
                at.block(out)));
  }

  /** One step: its calls need nothing of each other, and a device may do them in one launch. */
  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    List<Function<Step.Offsets, Call>> calls = new ArrayList<>();
    Tensor sums = sumsOverPixels(calls, gradOut, gradients);
    if (x.needsGradient()) {
      gradientOfInput(steps, calls, name, gradOut, gradients);
    }
    if (gradients.trains(weight)) {
      gradientOfWeight(calls, gradOut, gradients);
    }
    if (!calls.isEmpty()) {
      steps.addAll(name, at -> calls.stream().map(call -> call.apply(at)).toList());
    }
    if (gradients.trains(bias)) {
      gradients.addSum(steps, sums, bias);
    }
    if (perImage != null && perImage.needsGradient()) {
      gradients.add(steps, name, sums, perImage);
    }
    if (residual != null) {
      gradients.pass(steps, name, gradOut, residual);
    }
  }

  /** The gradients of all that was added to each pixel of an image; null if nobody wants them. */
  private Tensor sumsOverPixels(
      List<Function<Step.Offsets, Call>> calls, Tensor gradOut, Gradients gradients) {
    boolean perImageWanted = perImage != null && perImage.needsGradient();
    if (!gradients.trains(bias) && !perImageWanted) {
      return null;
    }
    // What is passed on to a residual may still be added to.
    if (out.h() * out.w() == 1 && !perImageWanted && residual == null) {
      return gradOut;
    }
    Tensor sums =
        perImageWanted
            ? gradients.contribution(perImage)
            : Tensor.of(label + " sums", Block.of(0, out.n(), 1, 1, out.c()), false);
    calls.add(at -> Reduce.sumPixels(at.block(gradOut), at.of(sums)));
    return sums;
  }

  private void gradientOfWeight(
      List<Function<Step.Offsets, Call>> calls, Tensor gradOut, Gradients gradients) {
    Gradients.ParameterTarget to = gradients.target(weight);
    calls.add(at ->
        Conv.weightGradient(
            at.block(x),
            at.block(gradOut),
            kernelH,
            kernelW,
            stride,
            at.of(to.gradient()),
            to.accumulate()));
  }

  /** A convolution of the output gradient, with zeros inserted where the stride skipped pixels. */
  private void gradientOfInput(
      Steps steps,
      List<Function<Step.Offsets, Call>> calls,
      String name,
      Tensor gradOut,
      Gradients gradients) {
    Tensor bordered = bordered(steps, name, gradOut);
    Gradients.Target to = gradients.target(x);
    calls.add(at ->
        Conv.inputGradient(
            at.block(bordered),
            at.of(weightAt),
            kernelH,
            kernelW,
            to.accumulate(),
            at.block(to.gradient())));
  }

  /**
   * The output gradient with a border such that a convolution with the flipped weights has exactly
   * x's size.
   */
  private Tensor bordered(Steps steps, String name, Tensor gradOut) {
    int h = (out.h() - 1) * stride + 1;
    int w = (out.w() - 1) * stride + 1;
    Padding padding = x.padding();
    Padding border =
        new Padding(
            kernelH - 1 - padding.top(),
            kernelW - 1 - padding.left(),
            x.h() + padding.top() - h,
            x.w() + padding.left() - w);
    if (stride == 1 && border.equals(Padding.NONE)) {
      return gradOut;
    }
    Tensor bordered =
        Tensor.of(name + " border", Tensor.shape(out.n(), h, w, out.c(), border), false);
    steps.add(
        name,
        at ->
            stride == 1
                ? Elementwise.copy(at.block(gradOut), at.block(bordered), false)
                : Resample.dilate(at.block(gradOut), stride, at.block(bordered)));
    return bordered;
  }
}
