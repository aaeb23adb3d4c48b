package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.posterior.Posterior;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * {@code out = mean + exp(logvar / 2) noise}: latents drawn from a normal distribution, so that the
 * loss can be differentiated by its parameters (Kingma and Welling 2014).
 *
 * @param noise standard normal; it gets no gradient
 */
public record PosteriorOperation(String label, Tensor mean, Tensor logvar, Tensor noise, Tensor out)
    implements Operation {

  /** Records what is drawn, of tensors of one shape. */
  public static Tensor record(
      Graph graph, String label, Tensor mean, Tensor logvar, Tensor noise, Padding border) {
    Scope.check(
        label,
        mean.plainShape().equals(noise.plainShape())
            && mean.plainShape().equals(logvar.plainShape()),
        "cannot draw from %s and %s with %s",
        mean,
        logvar,
        noise);
    Tensor out =
        Tensor.of(
            label,
            Tensor.shape(mean.n(), mean.h(), mean.w(), mean.c(), border),
            Tensor.anyNeedsGradient(mean, logvar));
    return graph.record(new PosteriorOperation(label, mean, logvar, noise, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label,
        at -> Posterior.drawn(at.block(mean), at.block(logvar), at.block(noise), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    if (logvar.needsGradient()) {
      Gradients.Target to = gradients.target(logvar);
      steps.add(
          name,
          at ->
              Posterior.drawnBackward(
                  at.block(logvar),
                  at.block(noise),
                  at.block(gradOut),
                  at.block(to.gradient()),
                  to.accumulate()));
    }
    gradients.pass(steps, name, gradOut, mean);
  }
}
