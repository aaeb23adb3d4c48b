package org.example.kernels;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import org.example.kernels.EnergyKernels.Places;

/**
 * A family of kernels of somebody else: energy[i] = sum over k of x[i][k]^2, and its gradient; x
 * [rows][length], energy [rows], length a multiple of 16.
 */
final class Energy {
  static final Kernel FORWARD =
      Kernel.of(EnergyKernels.class, "forward")
          .with(Energy::expectForward)
          .with(Tiles.variant(EnergyTileKernels.class, "forward", 1024));

  static final Kernel BACKWARD =
      Kernel.of(EnergyKernels.class, "backward").with(Energy::expectBackward);

  private Energy() {}

  static Call forward(int x, int rows, int length, int energy) {
    return call(FORWARD, x, rows, length, energy, 0);
  }

  /** gradX[i][k] = 2 x[i][k] gradEnergy[i]. */
  static Call backward(int x, int rows, int length, int gradEnergy, int gradX) {
    return call(BACKWARD, x, rows, length, gradEnergy, gradX);
  }

  /** A call of a kernel that reads these places. */
  static Call call(Kernel kernel, int x, int rows, int length, int energy, int gradX) {
    int[] d = new int[Places.SIZE];
    d[Places.ROWS] = rows;
    d[Places.LENGTH] = length;
    d[Places.X] = x;
    d[Places.ENERGY] = energy;
    d[Places.GRAD_X] = gradX;
    double elements = (double) rows * length;
    return new Call(kernel, d, rows, 2 * elements, 4 * elements);
  }

  private static Expectation expectForward(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d rows of %d".formatted(d[Places.ROWS], d[Places.LENGTH]),
        Region.at(
            d[Places.ENERGY],
            d[Places.ROWS],
            (i, before, sum) -> {
              for (int k = 0; k < d[Places.LENGTH]; k++) {
                double x = before.at(d[Places.X] + i * d[Places.LENGTH] + k);
                sum.add(x * x);
              }
            }));
  }

  static Expectation expectBackward(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d rows of %d".formatted(d[Places.ROWS], d[Places.LENGTH]),
        Region.at(
            d[Places.GRAD_X],
            d[Places.ROWS] * d[Places.LENGTH],
            (i, before, sum) ->
                sum.add(
                    2
                        * before.at(d[Places.X] + i)
                        * before.at(d[Places.ENERGY] + i / d[Places.LENGTH]))));
  }
}
