package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.norm.LayerNorm;
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
 * Layer normalisation over the channels of every pixel or token.
 *
 * @param epsilon the constant eps
 * @param gamma a parameter, which lies at {@code gammaAt}
 * @param beta a parameter, which lies at {@code betaAt}
 * @param statistics what the forward pass leaves for the backward pass
 */
public record LayerNormOperation(
    String label,
    Tensor x,
    Stored epsilon,
    Parameter gamma,
    Stored gammaAt,
    Parameter beta,
    Stored betaAt,
    Buffer statistics,
    Tensor out)
    implements Operation {

  /** Records a layer normalisation; gamma and beta are {@code [channels]}. */
  public static Tensor record(
      Graph graph, String label, Tensor input, double epsilon, Parameter gamma, Parameter beta) {
    Tensor x = BorderOperation.record(graph, label, input, Padding.NONE);
    boolean needsGradient = graph.trains(gamma, beta) || x.needsGradient();
    return graph.record(
        new LayerNormOperation(
            label,
            x,
            graph.constant((float) epsilon),
            gamma,
            graph.at(gamma),
            beta,
            graph.at(beta),
            Buffer.temporary(label + " statistics", LayerNorm.statisticsSize(x.shape())),
            Tensor.of(label, x.shape(), needsGradient)));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label,
        at ->
            LayerNorm.forward(
                at.block(x),
                at.of(epsilon),
                at.of(gammaAt),
                at.of(betaAt),
                at.of(statistics),
                at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    if (gradients.trains(gamma) || gradients.trains(beta)) {
      Gradients.ParameterTarget toGamma = gradients.target(gamma);
      Gradients.ParameterTarget toBeta = gradients.target(beta);
      Buffer scratch = Buffer.scratch(name, LayerNorm.scratch(x.shape()));
      steps.addAll(
          name,
          at ->
              LayerNorm.parameterGradients(
                  at.block(x),
                  at.of(statistics),
                  at.block(gradOut),
                  at.of(toGamma.gradient()),
                  toGamma.accumulate(),
                  at.of(toBeta.gradient()),
                  toBeta.accumulate(),
                  at.of(scratch)));
    }
    if (x.needsGradient()) {
      Gradients.Target toX = gradients.target(x);
      steps.add(
          name,
          at ->
              LayerNorm.gradient(
                  at.block(x),
                  at.of(gammaAt),
                  at.of(statistics),
                  at.block(gradOut),
                  at.block(toX.gradient()),
                  toX.accumulate()));
    }
  }
}
