package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBound;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.List;

/**
 * The loss of a model whose second half of channels predicts the variance of a step (Nichol and
 * Dhariwal 2021, equation 16): the first half learns from the mean squared error, the second from
 * the variational bound, in which the first is held.
 */
final class HybridLoss {
  final Buffer range;
  final Buffer scale;
  final Buffer halfBin;
  final Buffer weights;
  final Buffer boundPerImage;

  HybridLoss(int batch) {
    range = Buffer.persistent("variance range", batch);
    scale = Buffer.persistent("variance scale", batch);
    halfBin = Buffer.persistent("variance half bin", batch);
    weights = Buffer.persistent("variance weights", batch);
    boundPerImage = Buffer.persistent("bound", batch);
  }

  /** What the host writes. */
  List<Buffer> inputs() {
    return List.of(range, scale, halfBin, weights);
  }

  /**
   * Adds both losses to the schedule.
   *
   * @param output {@code [n, 2 c, h, w]}
   * @param target of the first half
   * @param images x_0
   * @return the gradient of the output
   */
  Tensor record(
      Schedule schedule,
      Tensor output,
      Tensor target,
      Tensor images,
      Buffer lossWeights,
      Buffer lossPerImage) {
    Block half = target.plainShape();
    Tensor prediction = half(schedule, "prediction", output, 0, half);
    Tensor variance = half(schedule, "variance", output, half.c(), half);
    Tensor gradPrediction =
        MeanSquaredError.record(schedule, prediction, target, lossWeights, lossPerImage);
    schedule.add(
        "bound",
        at ->
            VariationalBound.perImage(
                at.block(prediction),
                at.block(target),
                at.block(variance),
                at.block(images),
                at.of(range),
                at.of(scale),
                at.of(halfBin),
                at.of(boundPerImage)),
        prediction,
        target,
        variance,
        images,
        range,
        scale,
        halfBin,
        boundPerImage);
    Tensor gradVariance = Tensor.of("variance gradient", half, false);
    schedule.add(
        "bound gradient",
        at ->
            VariationalBound.backward(
                at.block(prediction),
                at.block(target),
                at.block(variance),
                at.block(images),
                at.of(range),
                at.of(scale),
                at.of(halfBin),
                at.of(weights),
                at.block(gradVariance)),
        prediction,
        target,
        variance,
        images,
        range,
        scale,
        halfBin,
        weights,
        gradVariance);
    Tensor gradOutput = Tensor.of("hybrid loss gradient", output.plainShape(), false);
    schedule.add(
        "hybrid loss gradient",
        at ->
            Elementwise.concat(
                at.block(gradPrediction), at.block(gradVariance), at.block(gradOutput)),
        gradPrediction,
        gradVariance,
        gradOutput);
    return gradOutput;
  }

  private static Tensor half(
      Schedule schedule, String label, Tensor output, int fromChannel, Block shape) {
    Tensor half = Tensor.of(label, shape, false);
    schedule.add(
        label,
        at -> Elementwise.slice(at.block(output), fromChannel, at.block(half), false),
        output,
        half);
    return half;
  }
}
