package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.List;
import java.util.Set;

/**
 * Fills in parts of images in the space of latents, as diffusers' StableDiffusionInpaintPipeline
 * does: a model that reads the mask and the latents of what is kept draws everything; for any
 * other, the kept latents are put back after every call, with as much noise as there is at that
 * point.
 */
public final class LatentInpainting implements ReverseProcess {
  private final Sampling rest;
  private final boolean fromNoise;
  private final Source source;
  private final PromptConditions conditions;

  /**
   * What is filled in.
   *
   * @param images all of them
   * @param kept the same with grey where they are drawn
   * @param drawn 1 where latents are drawn and 0 where they are kept, for image after image, of one
   *     channel
   * @param readsMask whether the model reads the mask and the latents of what is kept
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record Source(LatentImages images, LatentImages kept, float[] drawn, boolean readsMask) {
    private static final float DRAWN = 0.5f;

    /**
     * Encodes images and what is kept of them.
     *
     * @param values of images about in [-1, 1], NCHW
     * @param mask of pixels, {@code [n, 1, h, w]}: at least 0.5 where they are drawn
     * @param readsMask whether the model reads the mask and the latents of what is kept
     */
    public static Source of(
        LatentCodec codec, float[] values, int n, int h, int w, float[] mask, boolean readsMask) {
      int pixels = h * w;
      int channels = values.length / n / pixels;
      float[] kept = values.clone();
      for (int i = 0; i < kept.length; i++) {
        if (mask[i / (channels * pixels) * pixels + i % pixels] >= DRAWN) {
          kept[i] = 0;
        }
      }
      int factor = codec.config().scaleFactor();
      int rows = h / factor;
      int columns = w / factor;
      float[] drawn = new float[n * rows * columns];
      for (int i = 0; i < drawn.length; i++) {
        int y = i / columns % rows * factor;
        int x = i % columns * factor;
        drawn[i] = mask[(i / (rows * columns) * h + y) * w + x] >= DRAWN ? 1 : 0;
      }
      return new Source(
          codec.encode(values, n, h, w), codec.encode(kept, n, h, w), drawn, readsMask);
    }
  }

  /**
   * Inpainting.
   *
   * @param sampling of all steps, from noise
   * @param steps how many steps these are
   * @param strength above 0 and at most 1: the fraction of the steps that is taken; 1 begins with
   *     nothing but noise
   * @param conditions where the mask and what is kept go, for a model that reads them
   */
  public LatentInpainting(
      Sampling sampling, int steps, double strength, Source source, PromptConditions conditions) {
    rest = ImageToImage.rest(sampling, steps, strength);
    fromNoise = strength == 1;
    this.source = source;
    this.conditions = conditions;
  }

  @Override
  public int calls() {
    return rest.calls();
  }

  @Override
  public Set<Integer> registers() {
    return ReverseProcess.registers(
        rest, Update.IMAGES, Update.DRAWN, Update.KEPT, Update.FIRST_NOISE);
  }

  @Override
  public void run(BatchRun batch) {
    if (!fromNoise || !source.readsMask) {
      source.images.write(batch);
    }
    batch.draw();
    batch.apply(new Update.Combine(Update.FIRST_NOISE, List.of(new Term(Update.NOISE, 1))));
    batch.apply(fromNoise ? rest.starting() : rest.noising(0, Update.SAMPLE));
    int channels = batch.length() / batch.images() / (source.drawn.length / source.images.images());
    float[] mask = mask(batch, 1);
    float[] kept = source.kept.draw(batch);
    if (source.readsMask) {
      conditions.set(InpaintingModel.MASK, mask);
      conditions.set(InpaintingModel.MASKED_IMAGE, kept);
      batch.callAll(rest);
      return;
    }
    float[] drawn = mask(batch, channels);
    float[] others = drawn.clone();
    for (int i = 0; i < others.length; i++) {
      others[i] = 1 - drawn[i];
    }
    batch.write(Update.DRAWN, drawn);
    batch.write(Update.KEPT, others);
    for (int i = 0; i < rest.calls(); i++) {
      batch.call(rest, i);
      boolean last = i == rest.calls() - 1;
      // The noise of the beginning, not a new one: what is kept follows one path.
      batch.apply(
          new Update.Combine(Update.NOISE, List.of(new Term(Update.FIRST_NOISE, 1))),
          last
              ? new Update.Combine(Update.NOISE, List.of(new Term(Update.IMAGES, 1)))
              : rest.noising(i + 1, Update.NOISE),
          new Update.Multiply(Update.SAMPLE, Update.DRAWN),
          new Update.Multiply(Update.NOISE, Update.KEPT),
          new Update.Combine(
              Update.SAMPLE, List.of(new Term(Update.SAMPLE, 1), new Term(Update.NOISE, 1))));
    }
  }

  /** The mask of a batch with so many equal channels. */
  private float[] mask(BatchRun batch, int channels) {
    int pixels = source.drawn.length / source.images.images();
    float[] mask = new float[batch.images() * channels * pixels];
    for (int i = 0; i < mask.length; i++) {
      int image = (batch.firstImage() + i / (channels * pixels)) % source.images.images();
      mask[i] = source.drawn[image * pixels + i % pixels];
    }
    return mask;
  }
}
