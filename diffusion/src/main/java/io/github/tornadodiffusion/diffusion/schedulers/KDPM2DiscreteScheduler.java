package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.nn.io.JsonFields;

/**
 * The second order method of DPM-Solver-2 and of Karras et al. 2022 (algorithm 2 with the slope of
 * the step's geometric middle), as diffusers 0.27.2 computes it, in double precision. The last step
 * is Euler's. n steps call the model 2n - 1 times.
 */
public final class KDPM2DiscreteScheduler extends MidpointScheduler {
  KDPM2DiscreteScheduler(JsonFields fields) {
    super(fields, false);
  }
}
