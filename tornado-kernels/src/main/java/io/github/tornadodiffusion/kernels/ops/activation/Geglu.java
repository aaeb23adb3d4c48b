package io.github.tornadodiffusion.kernels.ops.activation;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import java.util.List;

/**
 * value gelu(gate) of every element (Shazeer 2020, equation 6), with {@link Activation#GELU}.
 * Blocks are of one shape; borders and accumulate work as in {@link Activation}.
 */
public final class Geglu {
  private static final Kernel FORWARD =
      Kernel.of(GegluKernels.class, "geglu").with(ActivationOracles::geglu);
  private static final Kernel GATE =
      Kernel.of(GegluKernels.class, "gate").with(ActivationOracles::gegluGate);

  private Geglu() {}

  /** out = value * gelu(gate). */
  public static Call forward(Block value, Block gate, Block out) {
    return product(value, gate, false, out);
  }

  /** gradValue = gradOut * gelu(gate). */
  public static Call valueGradient(Block gate, Block gradOut, Block gradValue, boolean accumulate) {
    return product(gradOut, gate, accumulate, gradValue);
  }

  /** gradGate = gradOut * value * gelu'(gate). */
  public static Call gateGradient(
      Block value, Block gate, Block gradOut, Block gradGate, boolean accumulate) {
    Rows.requireSameChannels(GATE, gradGate, value, gate, gradOut);
    return Rows.call(GATE, 38, accumulate, gradGate, List.of(value, gate, gradOut));
  }

  private static Call product(Block factor, Block gate, boolean accumulate, Block out) {
    Rows.requireSameChannels(FORWARD, out, factor, gate);
    return Rows.call(FORWARD, 31, accumulate, out, List.of(factor, gate));
  }
}
