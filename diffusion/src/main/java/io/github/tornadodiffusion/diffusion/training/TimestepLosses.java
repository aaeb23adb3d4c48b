package io.github.tornadodiffusion.diffusion.training;

import java.util.ArrayList;
import java.util.List;

/** The mean loss of each quarter of the timesteps (Nichol and Dhariwal 2021, figure 2). */
final class TimestepLosses {
  private static final int QUARTILES = 4;

  private final int trainTimesteps;
  private final double[] sums = new double[QUARTILES];
  private final int[] counts = new int[QUARTILES];

  TimestepLosses(int trainTimesteps) {
    this.trainTimesteps = trainTimesteps;
  }

  /** Counts an image, without weight. */
  void add(int timestep, float loss) {
    int quartile = (int) ((long) timestep * QUARTILES / trainTimesteps);
    sums[quartile] += loss;
    counts[quartile]++;
  }

  /** The means, NaN for a quarter without images. */
  List<Double> quartiles() {
    List<Double> means = new ArrayList<>();
    for (int i = 0; i < QUARTILES; i++) {
      means.add(counts[i] == 0 ? Double.NaN : sums[i] / counts[i]);
    }
    return means;
  }
}
