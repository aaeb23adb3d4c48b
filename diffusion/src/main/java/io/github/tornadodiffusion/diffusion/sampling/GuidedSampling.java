package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.Arrays;
import java.util.List;

/**
 * Classifier-free guidance (Ho and Salimans 2022): the model's output for an image with its label,
 * moved further away from its output without one.
 *
 * <p>output = unconditional + scale * (conditional - unconditional), with the scale as in
 * diffusers: 1 is the model itself. A predicted variance is that of the labelled call.
 */
public final class GuidedSampling implements SamplingModel {
  private final SamplingModel model;
  private final List<Update> keep;
  private final List<Update> exaggerate;
  private final int[] none;

  /**
   * Guides a model; it is called twice for every prediction.
   *
   * @param model its {@link Update#UNCONDITIONAL} is used
   * @param scale at least 0
   * @param nullLabel the label that means none, see {@link ClassLabels#nullClass}
   */
  public GuidedSampling(SamplingModel model, double scale, int nullLabel) {
    this.model = model;
    none = new int[model.images()];
    Arrays.fill(none, nullLabel);
    keep = List.of(new Update.Combine(Update.UNCONDITIONAL, List.of(new Term(Update.OUTPUT, 1))));
    exaggerate =
        List.of(
            new Update.Combine(
                Update.OUTPUT,
                List.of(
                    new Term(Update.UNCONDITIONAL, 1 - scale), new Term(Update.OUTPUT, scale))));
  }

  @Override
  public int images() {
    return model.images();
  }

  @Override
  public void write(int register, float[] images) {
    model.write(register, images);
  }

  @Override
  public float[] read(int register) {
    return model.read(register);
  }

  @Override
  public void draw(SampleNoise noise, int draw, int firstImage) {
    model.draw(noise, draw, firstImage);
  }

  @Override
  public void predict(double inputScale, double timestep, int[] labels) {
    model.predict(inputScale, timestep, none);
    model.apply(keep);
    model.predict(inputScale, timestep, labels);
    model.apply(exaggerate);
  }

  @Override
  public void apply(List<Update> updates) {
    model.apply(updates);
  }
}
