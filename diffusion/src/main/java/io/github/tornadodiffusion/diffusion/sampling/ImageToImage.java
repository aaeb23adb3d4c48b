package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Redraws images from noisy ones (SDEdit, Meng et al. 2022): the noise hides fine detail but not
 * coarse structure, and the rest of the sampling creates new detail.
 */
public final class ImageToImage implements ReverseProcess {
  private final Sampling rest;
  private final Consumer<BatchRun> images;

  /**
   * The calls that diffusers' img2img pipelines make.
   *
   * @param sampling of all steps, from noise
   * @param steps how many steps these are
   * @param strength above 0 and at most 1: the fraction of the steps that is taken
   * @param images image i of the result begins with image i of these, in turn
   * @throws IllegalArgumentException in one line if no step is left, or the scheduler cannot begin
   *     in the middle
   */
  public ImageToImage(Sampling sampling, int steps, double strength, Dataset images) {
    this(sampling, steps, strength, batch -> batch.writeImages(images));
  }

  /**
   * The same with images from anywhere.
   *
   * @param images sets {@link Update#IMAGES} of a batch, before any other noise is drawn
   * @throws IllegalArgumentException in one line if no step is left, or the scheduler cannot begin
   *     in the middle
   */
  public ImageToImage(Sampling sampling, int steps, double strength, Consumer<BatchRun> images) {
    rest = rest(sampling, steps, strength);
    this.images = images;
  }

  /** The calls that are left of a sampling, as diffusers' pipelines count them. */
  static Sampling rest(Sampling sampling, int steps, double strength) {
    if (!(strength > 0 && strength <= 1)) {
      throw new IllegalArgumentException(
          "strength is " + strength + ": it must be above 0 and at most 1");
    }
    int[] firstCalls = sampling.firstCalls();
    int left = steps - Math.min((int) (steps * strength), steps);
    // A scheduler may have fewer steps than it was asked for.
    if (left >= firstCalls.length) {
      throw new IllegalArgumentException(
          "strength %s leaves none of %d steps: take more steps or more strength"
              .formatted(strength, steps));
    }
    Sampling rest = sampling.from(firstCalls[left]);
    if (rest.call(0).usesHistory()) {
      throw new IllegalArgumentException(
          "%s cannot begin in the middle, a step builds on those before: take DDPMScheduler or"
                  .formatted(sampling.scheduler().className())
              + " DDIMScheduler");
    }
    return rest;
  }

  /** The call of the model that it begins with. */
  public ModelCall first() {
    return rest.call(0);
  }

  @Override
  public int calls() {
    return rest.calls();
  }

  @Override
  public Set<Integer> registers() {
    return ReverseProcess.registers(rest, Update.IMAGES);
  }

  @Override
  public void run(BatchRun batch) {
    images.accept(batch);
    batch.draw();
    batch.apply(rest.noising(0, Update.SAMPLE));
    batch.callAll(rest);
  }
}
