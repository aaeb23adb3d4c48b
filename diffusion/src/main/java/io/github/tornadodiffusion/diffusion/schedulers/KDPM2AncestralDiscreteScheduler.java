package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.nn.io.JsonFields;

/**
 * {@link KDPM2DiscreteScheduler} with ancestral sampling: every step goes below the next level and
 * adds noise to reach it, as diffusers 0.27.2 computes it, in double precision.
 */
public final class KDPM2AncestralDiscreteScheduler extends MidpointScheduler {
  KDPM2AncestralDiscreteScheduler(JsonFields fields) {
    super(fields, true);
  }
}
