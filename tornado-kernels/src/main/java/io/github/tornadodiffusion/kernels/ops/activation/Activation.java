package io.github.tornadodiffusion.kernels.ops.activation;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * A function of every element and its gradient. Borders and accumulate work as in {@link
 * Elementwise}. The constants are functions of torch.nn with its defaults; {@link #of} makes
 * others.
 */
public final class Activation {
  private static final Map<String, Activation> NAMED = new LinkedHashMap<>();

  /** x / (1 + exp(-x)) (Hendrycks and Gimpel 2016). */
  public static final Activation SILU =
      own(List.of("silu", "swish"), 4, ActivationOracles::silu, 8, ActivationOracles::siluSlope);

  /** x tanh(log(1 + exp(x))) (Misra 2019). */
  public static final Activation MISH =
      own(List.of("mish"), 6, ActivationOracles::mish, 13, ActivationOracles::mishSlope);

  /** x times the cumulative normal distribution at x (Hendrycks and Gimpel 2016). */
  public static final Activation GELU =
      own(List.of("gelu"), 30, ActivationOracles::gelu, 36, ActivationOracles::geluSlope);

  /** x / (1 + exp(-1.702 x)), the activation of CLIP (Hendrycks and Gimpel 2016). */
  public static final Activation QUICK_GELU =
      own(
          "quickGelu",
          List.of("quick_gelu"),
          5,
          ActivationOracles::quickGelu,
          9,
          ActivationOracles::quickGeluSlope);

  /** x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 (Hendrycks and Gimpel 2016). */
  public static final Activation GELU_TANH =
      own(
          "geluTanh",
          List.of("gelu_pytorch_tanh", "gelu_new"),
          8,
          ActivationOracles::geluTanh,
          17,
          ActivationOracles::geluTanhSlope);

  /** max(x, 0); its gradient at 0 is 0. */
  public static final Activation RELU =
      own(List.of("relu"), 1, x -> Math.max(x, 0), 2, x -> x > 0 ? 1 : 0);

  private final String name;
  private final Kernel forward;
  private final double forwardFlops;
  private final Kernel backward;
  private final double backwardFlops;

  private Activation(
      String name, Kernel forward, double forwardFlops, Kernel backward, double backwardFlops) {
    this.name = name;
    this.forward = forward;
    this.forwardFlops = forwardFlops;
    this.backward = backward;
    this.backwardFlops = backwardFlops;
  }

  /**
   * An activation of one's own.
   *
   * @param name to print
   * @param forward writes rows of f(x), with the descriptor of {@link Rows}; see {@link
   *     ActivationOracles#function} for its oracle
   * @param forwardFlops operations per element
   * @param backward likewise gradOut * f'(x), reading x, then gradOut; see {@link
   *     ActivationOracles#gradient} for its oracle
   * @param backwardFlops operations per element
   */
  public static Activation of(
      String name, Kernel forward, double forwardFlops, Kernel backward, double backwardFlops) {
    return new Activation(name, forward, forwardFlops, backward, backwardFlops);
  }

  /** One of {@link ActivationKernels} whose kernel has its first name. */
  private static Activation own(
      List<String> names,
      double flops,
      DoubleUnaryOperator function,
      double slopeFlops,
      DoubleUnaryOperator slope) {
    return own(names.getFirst(), names, flops, function, slopeFlops, slope);
  }

  /**
   * One of {@link ActivationKernels}.
   *
   * @param kernel the name of its kernel, and with {@code Backward} that of its gradient's
   */
  private static Activation own(
      String kernel,
      List<String> names,
      double flops,
      DoubleUnaryOperator function,
      double slopeFlops,
      DoubleUnaryOperator slope) {
    Activation activation =
        of(
            names.getFirst(),
            Kernel.of(ActivationKernels.class, kernel).with(ActivationOracles.function(function)),
            flops,
            Kernel.of(ActivationKernels.class, kernel + "Backward")
                .with(ActivationOracles.gradient(slope)),
            slopeFlops);
    names.forEach(each -> NAMED.put(each, activation));
    return activation;
  }

  /** The names of {@link #named}. */
  public static List<String> names() {
    return List.copyOf(NAMED.keySet());
  }

  /**
   * The activation of that name in diffusers and torch, in upper or lower case; empty if there is
   * none.
   */
  public static Optional<Activation> named(String name) {
    return Optional.ofNullable(NAMED.get(name.toLowerCase(Locale.ROOT)));
  }

  /** The name, for instance {@code silu}. */
  public String name() {
    return name;
  }

  /** out = f(x). */
  public Call forward(Block x, Block out) {
    return call(forward, forwardFlops, false, out, List.of(x));
  }

  /** gradX = gradOut * f'(x). */
  public Call backward(Block x, Block gradOut, Block gradX, boolean accumulate) {
    return call(backward, backwardFlops, accumulate, gradX, List.of(x, gradOut));
  }

  private static Call call(
      Kernel kernel, double flops, boolean accumulate, Block out, List<Block> inputs) {
    Rows.requireSameChannels(kernel, out, inputs.toArray(Block[]::new));
    return Rows.call(kernel, flops, accumulate, out, inputs);
  }

  @Override
  public String toString() {
    return name;
  }
}
