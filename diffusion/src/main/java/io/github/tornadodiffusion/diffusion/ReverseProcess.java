package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.SamplingState;

/** A way from noise to images. */
public interface ReverseProcess {
  /** How often the model is called for a batch. */
  int calls();

  /**
   * Makes the images of a batch.
   *
   * @return NCHW; an image's values are about [-1, 1], not clipped
   */
  float[] run(BatchRun batch);

  /** From nothing but noise, as diffusers' DDPMPipeline and DDIMPipeline. */
  static ReverseProcess fromNoise(Sampling sampling) {
    return new ReverseProcess() {
      @Override
      public int calls() {
        return sampling.calls();
      }

      @Override
      public float[] run(BatchRun batch) {
        return finish(sampling, sampling.start(batch.draw()), batch);
      }
    };
  }

  /** All calls of a sampling in order. */
  static float[] finish(Sampling sampling, SamplingState start, BatchRun batch) {
    SamplingState state = start;
    for (int i = 0; i < sampling.calls(); i++) {
      state = batch.call(sampling, i, state);
    }
    return state.sample();
  }
}
