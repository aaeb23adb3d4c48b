package io.github.tornadodiffusion.kernels.ops.activation;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.util.List;

/**
 * Functions of every element, as torch.nn has them by default, and their gradients. Conventions of
 * borders and accumulate as in {@link Elementwise}.
 */
public enum Activation {
  /** x / (1 + exp(-x)) (Hendrycks and Gimpel 2016). */
  SILU,
  /** max(x, 0); its gradient at 0 is 0. */
  RELU,
  /** x times the cumulative normal distribution at x (Hendrycks and Gimpel 2016). */
  GELU,
  /** x tanh(log(1 + exp(x))) (Misra 2019). */
  MISH;

  private static final Class<?> OWNER = ActivationKernels.class;

  /** out = f(x). */
  public Call forward(Block x, Block out) {
    return switch (this) {
      case SILU -> call("silu", 4, false, out, List.of(x));
      case RELU -> call("relu", 1, false, out, List.of(x));
      case GELU -> call("gelu", 30, false, out, List.of(x));
      case MISH -> call("mish", 6, false, out, List.of(x));
    };
  }

  /** gradX = gradOut * f'(x). */
  public Call backward(Block x, Block gradOut, Block gradX, boolean accumulate) {
    List<Block> inputs = List.of(x, gradOut);
    return switch (this) {
      case SILU -> call("siluBackward", 8, accumulate, gradX, inputs);
      case RELU -> call("reluBackward", 2, accumulate, gradX, inputs);
      case GELU -> call("geluBackward", 36, accumulate, gradX, inputs);
      case MISH -> call("mishBackward", 13, accumulate, gradX, inputs);
    };
  }

  private static Call call(
      String method, double flops, boolean accumulate, Block out, List<Block> inputs) {
    Kernel kernel = new Kernel(OWNER, method);
    Rows.requireSameChannels(kernel, out, inputs.toArray(Block[]::new));
    return Rows.call(kernel, flops, accumulate, out, inputs);
  }
}
