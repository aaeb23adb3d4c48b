package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.posterior.Posterior;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * {@code out = (mean^2 + exp(logvar) - 1 - logvar) / 2}, element by element: the terms of the
 * Kullback-Leibler divergence of a normal distribution from the standard one, in nats.
 */
public record DivergenceOperation(String label, Tensor mean, Tensor logvar, Tensor out)
    implements Operation {

  /** Records the divergence of every image, {@code [1, 1, 1, n]}: the sum over its elements. */
  public static Tensor record(Graph graph, String label, Tensor mean, Tensor logvar) {
    Scope.check(
        label,
        mean.plainShape().equals(logvar.plainShape()),
        "cannot compare %s with %s",
        mean,
        logvar);
    Tensor out = Tensor.of(label, mean.plainShape(), Tensor.anyNeedsGradient(mean, logvar));
    Tensor terms = graph.record(new DivergenceOperation(label, mean, logvar, out));
    Tensor means = ImageMeanOperation.record(graph, label, terms);
    return AffineOperation.scale(graph, label, means, mean.h() * mean.w() * mean.c());
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Posterior.divergence(at.block(mean), at.block(logvar), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    if (mean.needsGradient()) {
      Gradients.Target to = gradients.target(mean);
      steps.add(
          name,
          at ->
              Posterior.divergenceByMean(
                  at.block(mean), at.block(gradOut), at.block(to.gradient()), to.accumulate()));
    }
    if (logvar.needsGradient()) {
      Gradients.Target to = gradients.target(logvar);
      steps.add(
          name,
          at ->
              Posterior.divergenceBackward(
                  at.block(logvar), at.block(gradOut), at.block(to.gradient()), to.accumulate()));
    }
  }
}
