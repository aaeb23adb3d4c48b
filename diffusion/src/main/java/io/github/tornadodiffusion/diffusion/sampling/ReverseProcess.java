package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A way from noise to images. */
public interface ReverseProcess {
  /** How often the model is called for a batch. */
  int calls();

  /** The registers that it uses, by {@link Update}'s numbers. */
  Set<Integer> registers();

  /**
   * Makes the images of a batch in {@link Update#SAMPLE}; an image's values are about [-1, 1], not
   * clipped.
   */
  void run(BatchRun batch);

  /** From nothing but noise, as diffusers' DDPMPipeline and DDIMPipeline. */
  static ReverseProcess fromNoise(Sampling sampling) {
    return new ReverseProcess() {
      @Override
      public int calls() {
        return sampling.calls();
      }

      @Override
      public Set<Integer> registers() {
        return sampling.registers();
      }

      @Override
      public void run(BatchRun batch) {
        batch.draw();
        batch.apply(sampling.starting());
        batch.callAll(sampling);
      }
    };
  }

  /** The registers of a sampling and others. */
  static Set<Integer> registers(Sampling sampling, Integer... more) {
    return Stream.concat(sampling.registers().stream(), Stream.of(more))
        .collect(Collectors.toUnmodifiableSet());
  }
}
