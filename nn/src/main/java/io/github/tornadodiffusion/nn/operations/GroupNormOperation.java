package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.norm.GroupNorm;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Group normalisation with an optional per-image scale and shift and an optional SiLU.
 *
 * @param epsilon the constant eps
 * @param gamma a parameter, which lies at {@code gammaAt}
 * @param beta a parameter, which lies at {@code betaAt}
 * @param scaleShift {@code [n, 1, 1, 2c]}, scale first, or null
 * @param statistics what the forward pass leaves for the backward pass
 */
public record GroupNormOperation(
    String label,
    Tensor x,
    int groups,
    Stored epsilon,
    Parameter gamma,
    Stored gammaAt,
    Parameter beta,
    Stored betaAt,
    Tensor scaleShift,
    boolean silu,
    Buffer statistics,
    Tensor out)
    implements Operation {

  /**
   * Records a group normalisation.
   *
   * @param scaleShift {@code [n, 1, 1, 2c]} or null
   * @param border of the output, for a convolution to come
   */
  public static Tensor record(
      Graph graph,
      String label,
      Tensor input,
      int groups,
      double epsilon,
      Parameter gamma,
      Parameter beta,
      Tensor scaleShift,
      boolean silu,
      Padding border) {
    Tensor x = BorderOperation.record(graph, label, input, Padding.NONE);
    boolean needsGradient = graph.trains(gamma, beta) || Tensor.anyNeedsGradient(input, scaleShift);
    Tensor out = Tensor.of(label, Tensor.shape(x.n(), x.h(), x.w(), x.c(), border), needsGradient);
    return graph.record(
        new GroupNormOperation(
            label,
            x,
            groups,
            graph.constant((float) epsilon),
            gamma,
            graph.at(gamma),
            beta,
            graph.at(beta),
            scaleShift,
            silu,
            Buffer.temporary(label + " statistics", GroupNorm.statisticsSize(x.shape(), groups)),
            out));
  }

  @Override
  public void forward(Steps steps) {
    steps.addAll(
        label,
        at ->
            GroupNorm.forward(
                at.block(x),
                groups,
                at.of(epsilon),
                at.of(gammaAt),
                at.of(betaAt),
                at.of(scaleShift),
                silu,
                at.of(statistics),
                at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Gradients.Target toX =
        x.needsGradient()
            ? gradients.target(x)
            : new Gradients.Target(Tensor.of(name, x.plainShape(), false), false);
    Gradients.ParameterTarget toGamma = gradients.target(gamma);
    Gradients.ParameterTarget toBeta = gradients.target(beta);
    Tensor gradScaleShift = scaleShift == null ? null : gradients.contribution(scaleShift);
    Buffer scratch = Buffer.scratch(name, GroupNorm.backwardScratch(x.shape(), groups));
    steps.addAll(
        name,
        at ->
            GroupNorm.backward(
                at.block(x),
                groups,
                at.of(gammaAt),
                at.of(betaAt),
                at.of(scaleShift),
                silu,
                at.of(statistics),
                at.block(gradOut),
                at.block(toX.gradient()),
                toX.accumulate(),
                at.of(toGamma.gradient()),
                at.of(toBeta.gradient()),
                // One flag for both: a frozen one's gradient goes nowhere and may be anything.
                toGamma.accumulate() || toBeta.accumulate(),
                at.of(gradScaleShift),
                at.of(scratch)));
    if (scaleShift != null) {
      gradients.add(steps, name, gradScaleShift, scaleShift);
    }
  }
}
