package io.github.tornadodiffusion.kernels.ops.activation;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.special.Erf;

/** Oracles of {@code Activation}: a function or its slope times the gradient of its result. */
public final class ActivationOracles {
  private ActivationOracles() {}

  public static Expectation silu(Call call) {
    return of(call, x -> x * sigmoid(x));
  }

  public static Expectation siluBackward(Call call) {
    return backward(call, ActivationOracles::siluSlope);
  }

  public static Expectation relu(Call call) {
    return of(call, x -> Math.max(x, 0));
  }

  public static Expectation reluBackward(Call call) {
    return backward(call, x -> x > 0 ? 1 : 0);
  }

  public static Expectation gelu(Call call) {
    return of(call, x -> x * cumulativeNormal(x));
  }

  public static Expectation geluBackward(Call call) {
    return backward(
        call, x -> cumulativeNormal(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
  }

  public static Expectation mish(Call call) {
    return of(call, x -> x * Math.tanh(softplus(x)));
  }

  public static Expectation mishBackward(Call call) {
    return backward(
        call,
        x -> {
          double tanh = Math.tanh(softplus(x));
          return tanh + x * (1 - tanh * tanh) * sigmoid(x);
        });
  }

  private static Expectation of(Call call, DoubleUnaryOperator function) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect(
        (place, before, sum) -> sum.add(function.applyAsDouble(before.at(rows.in(0, place)))));
  }

  private static Expectation backward(Call call, DoubleUnaryOperator slope) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) ->
        sum.add(slope.applyAsDouble(before.at(rows.in(0, place))) * before.at(rows.in(1, place))));
  }

  public static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** The derivative of x sigmoid(x). */
  public static double siluSlope(double x) {
    double sigmoid = sigmoid(x);
    return sigmoid + x * sigmoid * (1 - sigmoid);
  }

  private static double softplus(double x) {
    return Math.log1p(Math.exp(x));
  }

  private static double cumulativeNormal(double x) {
    return (1 + Erf.erf(x / Math.sqrt(2))) / 2;
  }
}
