package io.github.tornadodiffusion.experiments;

import java.util.Map;
import java.util.Optional;

/** The oracles by kernel id. */
final class CallOracles {
  private static final Map<String, CallOracle> ORACLES =
      Map.of(
          "Conv.forward", new ConvForwardOracle(),
          "Conv.weightGradient", new ConvWeightGradientOracle());

  private CallOracles() {}

  /** The oracle of a kernel, where there is one. */
  static Optional<CallOracle> of(String kernel) {
    return Optional.ofNullable(ORACLES.get(kernel));
  }
}
