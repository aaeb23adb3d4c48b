package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

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
  private final UnaryOperator<int[]> none;
  private final double rescale;

  /**
   * Guides a model; it is called twice for every prediction.
   *
   * @param model its {@link Update#UNCONDITIONAL} is used
   * @param scale at least 0
   * @param nullLabel the label that means none, see {@link ClassLabels#nullClass}
   */
  public GuidedSampling(SamplingModel model, double scale, int nullLabel) {
    int[] none = new int[model.images()];
    Arrays.fill(none, nullLabel);
    this(model, scale, labels -> none, 0);
  }

  /**
   * Guides a model away from other labels.
   *
   * @param none the labels to guide away from, of those to guide to
   * @param rescale from 0 to 1, how far the deviation of every output is brought back to what it is
   *     without guidance (Lin et al. 2024, section 3.4)
   */
  public GuidedSampling(
      SamplingModel model, double scale, UnaryOperator<int[]> none, double rescale) {
    this.model = model;
    this.none = none;
    this.rescale = rescale;
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
    model.predict(inputScale, timestep, none.apply(labels));
    model.apply(keep);
    model.predict(inputScale, timestep, labels);
    float[] conditional = rescale == 0 ? null : model.read(Update.OUTPUT);
    model.apply(exaggerate);
    if (rescale != 0) {
      model.write(Update.OUTPUT, rescaled(model.read(Update.OUTPUT), conditional));
    }
  }

  private float[] rescaled(float[] guided, float[] conditional) {
    int length = guided.length / images();
    for (int from = 0; from < guided.length; from += length) {
      double ratio = deviation(conditional, from, length) / deviation(guided, from, length);
      double factor = rescale * ratio + 1 - rescale;
      for (int i = from; i < from + length; i++) {
        guided[i] = (float) (factor * guided[i]);
      }
    }
    return guided;
  }

  private static double deviation(float[] values, int from, int length) {
    double mean = 0;
    for (int i = from; i < from + length; i++) {
      mean += values[i] / (double) length;
    }
    double squares = 0;
    for (int i = from; i < from + length; i++) {
      squares += (values[i] - mean) * (values[i] - mean);
    }
    return Math.sqrt(squares / (length - 1));
  }

  @Override
  public void apply(List<Update> updates) {
    model.apply(updates);
  }
}
