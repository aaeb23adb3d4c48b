package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;

/** Noise schedules as the command line names them. */
public final class ScheduleNames {
  /** All of them, for the help of an option. */
  public static final String HELP =
      "linear, scaled_linear, squaredcos_cap_v2 (also: cosine), sigmoid, exp, laplace or a class of"
          + " your own";

  /** The option that makes the last timestep noise alone. */
  public static final String RESCALE = "--rescale-betas-zero-snr";

  private static final String COSINE = "cosine";

  private ScheduleNames() {}

  /**
   * The schedule of a name: diffusers', or the one that papers have for squaredcos_cap_v2.
   *
   * @throws IllegalArgumentException in one line if there is none
   */
  public static BetaSchedule schedule(String name) {
    return name.equals(COSINE) ? BetaSchedule.SQUAREDCOS_CAP_V2 : BetaSchedule.of(name);
  }
}
