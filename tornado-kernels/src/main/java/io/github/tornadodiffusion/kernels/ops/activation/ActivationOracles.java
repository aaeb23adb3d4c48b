package io.github.tornadodiffusion.kernels.ops.activation;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle;
import io.github.tornadodiffusion.kernels.RowsCall;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.special.Erf;

/** Oracles of {@code Activation}: functions and their slopes in double precision. */
public final class ActivationOracles {
  private ActivationOracles() {}

  /** For a kernel that writes f(x). */
  public static CallOracle function(DoubleUnaryOperator f) {
    return call -> {
      RowsCall rows = RowsCall.of(call);
      return rows.expect(
          (place, before, sum) -> sum.add(f.applyAsDouble(before.at(rows.in(0, place)))));
    };
  }

  /** For a kernel that writes the slope at x times the gradient of f(x). */
  public static CallOracle gradient(DoubleUnaryOperator slope) {
    return call -> {
      RowsCall rows = RowsCall.of(call);
      return rows.expect((place, before, sum) ->
          sum.add(
              slope.applyAsDouble(before.at(rows.in(0, place))) * before.at(rows.in(1, place))));
    };
  }

  static CallOracle.Expectation geglu(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) ->
        sum.add(before.at(rows.in(0, place)) * gelu(before.at(rows.in(1, place)))));
  }

  static CallOracle.Expectation gegluGate(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) ->
        sum.add(
            before.at(rows.in(0, place))
                * geluSlope(before.at(rows.in(1, place)))
                * before.at(rows.in(2, place))));
  }

  /** x sigmoid(x). */
  public static double silu(double x) {
    return x * sigmoid(x);
  }

  /** The derivative of x sigmoid(x). */
  public static double siluSlope(double x) {
    double sigmoid = sigmoid(x);
    return sigmoid + x * sigmoid * (1 - sigmoid);
  }

  static double gelu(double x) {
    return x * cumulativeNormal(x);
  }

  static double geluSlope(double x) {
    return cumulativeNormal(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  static double quickGelu(double x) {
    return x * sigmoid(1.702 * x);
  }

  static double quickGeluSlope(double x) {
    return siluSlope(1.702 * x);
  }

  static double geluTanh(double x) {
    return x * sigmoid(geluArgument(x));
  }

  static double geluTanhSlope(double x) {
    double sigmoid = sigmoid(geluArgument(x));
    double rise = Math.sqrt(8 / Math.PI) * x * (1 + 3 * 0.044715 * x * x);
    return sigmoid + rise * sigmoid * (1 - sigmoid);
  }

  private static double geluArgument(double x) {
    return Math.sqrt(8 / Math.PI) * (x + 0.044715 * x * x * x);
  }

  static double mish(double x) {
    return x * Math.tanh(softplus(x));
  }

  static double mishSlope(double x) {
    double tanh = Math.tanh(softplus(x));
    return tanh + x * (1 - tanh * tanh) * sigmoid(x);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double softplus(double x) {
    return Math.log1p(Math.exp(x));
  }

  private static double cumulativeNormal(double x) {
    return (1 + Erf.erf(x / Math.sqrt(2))) / 2;
  }
}
