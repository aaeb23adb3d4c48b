package io.github.tornadodiffusion.diffusion.schedulers.config;

import io.github.tornadodiffusion.nn.io.Ids;
import java.util.stream.IntStream;

/**
 * Which of the T training timesteps a sampler with n steps visits, as diffusers spaces them (Lin et
 * al. 2023, table 2).
 */
public enum TimestepSpacing {
  /** Every (T / n)-th timestep from 0 on, plus an offset. */
  LEADING,
  /** From 0 to T - 1, both included. */
  LINSPACE,
  /** Every (T / n)-th timestep from T - 1 downwards. */
  TRAILING;

  /** The name in a configuration file, for instance {@code leading}. */
  public String id() {
    return Ids.id(this);
  }

  /**
   * The spacing with the given name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static TimestepSpacing of(String id) {
    return Ids.parse(TimestepSpacing.class, "timestep_spacing", id);
  }

  /**
   * The timesteps, highest first.
   *
   * <p>Trailing always gives n of them; for a few n diffusers appends a timestep of -1, which is a
   * rounding error of numpy's {@code arange}.
   *
   * @param trainTimesteps T
   * @param steps n
   * @param offset added to every timestep of {@link #LEADING}
   * @throws IllegalArgumentException if n is not in 1..T or the offset leads out of 0..T-1
   */
  public int[] timesteps(int trainTimesteps, int steps, int offset) {
    checkSteps(trainTimesteps, steps);
    int[] timesteps = new int[steps];
    for (int i = 0; i < steps; i++) {
      timesteps[i] =
          switch (this) {
            case LEADING -> (steps - 1 - i) * (trainTimesteps / steps) + offset;
            case LINSPACE -> linspace(trainTimesteps, steps, steps - 1 - i);
            case TRAILING -> trailing(trainTimesteps, steps, i);
          };
    }
    checkFirst(trainTimesteps, steps, offset, timesteps[0]);
    return timesteps;
  }

  /**
   * The timesteps of solvers that go through n intervals, highest first. Between n + 1 points the
   * lowest, where the last interval ends, is left out, so that leading timesteps begin below T.
   *
   * @param trainTimesteps T
   * @param kept how many of the T timesteps, the lowest, are used
   * @param steps n
   * @param offset added to every timestep of {@link #LEADING}
   * @return n of them; fewer for {@link #TRAILING} where not all timesteps are kept
   * @throws IllegalArgumentException if n is not in 1..T or the offset leads out of 0..T-1
   */
  public int[] intervals(int trainTimesteps, int kept, int steps, int offset) {
    checkSteps(trainTimesteps, steps);
    if (this == TRAILING) {
      // As many as fit, at distances of T / n, between the first one and 0.
      int count = Math.toIntExact(Math.ceilDiv((long) kept * steps, (long) trainTimesteps));
      double ratio = (double) trainTimesteps / steps;
      double stride = (kept - ratio) - kept;
      return IntStream.range(0, count)
          .map(i -> (int) Math.rint(kept + i * stride) - 1)
          .filter(timestep -> timestep >= 0)
          .toArray();
    }
    int[] timesteps =
        IntStream.range(0, steps)
            .map(i ->
                this == LINSPACE
                    ? linspace(kept, steps + 1, steps - i)
                    : (steps - i) * (kept / (steps + 1)) + offset)
            .toArray();
    checkFirst(trainTimesteps, steps, offset, timesteps[0]);
    return timesteps;
  }

  /**
   * Checks a number of steps.
   *
   * @throws IllegalArgumentException if it is not in 1..T
   */
  public static void checkSteps(int trainTimesteps, int steps) {
    if (steps < 1 || steps > trainTimesteps) {
      throw new IllegalArgumentException(
          steps + " sampling steps are not possible: choose 1 to " + trainTimesteps);
    }
  }

  private static void checkFirst(int trainTimesteps, int steps, int offset, int first) {
    if (first >= trainTimesteps) {
      throw new IllegalArgumentException(
          "%d sampling steps with steps_offset %d reach timestep %d of %d: take fewer steps"
              .formatted(steps, offset, first, trainTimesteps));
    }
  }

  /**
   * The timesteps of samplers that use fractional timesteps, highest first: those of {@link
   * #LINSPACE} are not rounded, the others are {@link #timesteps}.
   */
  public double[] exactTimesteps(int trainTimesteps, int steps, int offset) {
    int[] whole = timesteps(trainTimesteps, steps, offset);
    boolean between = this == LINSPACE && steps > 1;
    double[] exact = new double[steps];
    for (int i = 0; i < steps; i++) {
      exact[i] = between ? (trainTimesteps - 1.0) * (steps - 1 - i) / (steps - 1) : whole[i];
    }
    return exact;
  }

  // Both in numpy's order of operations, so that a half is rounded to the same side.

  private static int linspace(int trainTimesteps, int steps, int index) {
    if (steps == 1) {
      return 0;
    }
    double stride = (trainTimesteps - 1.0) / (steps - 1);
    return index == steps - 1 ? trainTimesteps - 1 : (int) Math.rint(index * stride);
  }

  private static int trailing(int trainTimesteps, int steps, int index) {
    double ratio = (double) trainTimesteps / steps;
    double stride = (trainTimesteps - ratio) - trainTimesteps;
    return (int) Math.rint(trainTimesteps + index * stride) - 1;
  }
}
