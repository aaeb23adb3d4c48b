package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.List;
import java.util.Set;

/**
 * Fills in parts of images and keeps the others exactly (RePaint, Lugmayr et al. 2022, algorithm
 * 1): after every call the known pixels are replaced by those of the image, with as much noise as
 * there is at that point.
 *
 * <p>A step can be repeated: noise is added to return to its beginning. So the drawn part comes to
 * fit the known one.
 */
public final class Inpainting implements ReverseProcess {
  private final Sampling sampling;
  private final Dataset images;
  private final Mask mask;
  private final int resample;

  /**
   * Inpainting.
   *
   * @param images image i of the result keeps pixels of image i of these, in turn
   * @param mask which pixels are drawn, in every image
   * @param resample how often every step except the last is taken, at least 1
   * @throws IllegalArgumentException in one line if the scheduler's steps need more than the sample
   */
  public Inpainting(Sampling sampling, Dataset images, Mask mask, int resample) {
    if (resample < 1) {
      throw new IllegalArgumentException("resample is " + resample + ": it must be at least 1");
    }
    for (int i = 0; i < sampling.calls(); i++) {
      if (sampling.call(i).usesHistory()) {
        throw new IllegalArgumentException(
            "%s builds its steps on those before, which replaced pixels do not fit: take"
                    .formatted(sampling.scheduler().className())
                + " DDPMScheduler or DDIMScheduler");
      }
    }
    this.sampling = sampling;
    this.images = images;
    this.mask = mask;
    this.resample = resample;
  }

  @Override
  public int calls() {
    return Math.addExact(Math.multiplyExact(sampling.calls() - 1, resample), 1);
  }

  @Override
  public Set<Integer> registers() {
    return ReverseProcess.registers(sampling, Update.IMAGES, Update.DRAWN, Update.KEPT);
  }

  @Override
  public void run(BatchRun batch) {
    batch.writeImages(images);
    batch.write(Update.DRAWN, mask.drawn(batch.length()));
    batch.write(Update.KEPT, mask.kept(batch.length()));
    batch.draw();
    batch.apply(sampling.starting());
    int last = sampling.calls() - 1;
    for (int i = 0; i < last; i++) {
      for (int round = 1; round <= resample; round++) {
        batch.call(sampling, i);
        batch.draw();
        batch.apply(sampling.noising(i + 1, Update.NOISE));
        keep(batch, Update.NOISE);
        if (round < resample) {
          batch.draw();
          batch.apply(noisier(i));
        }
      }
    }
    batch.call(sampling, last);
    keep(batch, Update.IMAGES);
  }

  /** Replaces the pixels that are kept, exactly: every sum has one term that is not 0. */
  private static void keep(BatchRun batch, int from) {
    batch.apply(
        new Update.Multiply(Update.SAMPLE, Update.DRAWN),
        new Update.Multiply(from, Update.KEPT),
        new Update.Combine(Update.SAMPLE, List.of(new Term(Update.SAMPLE, 1), new Term(from, 1))));
  }

  /** Adds noise to the samples after a call, so that they are as noisy as before it. */
  private Update noisier(int call) {
    ModelCall noisy = sampling.call(call);
    ModelCall clear = sampling.call(call + 1);
    double kept = noisy.signal() / clear.signal();
    double added = Math.sqrt(Math.max(0, square(noisy.sigma()) - square(kept * clear.sigma())));
    return new Update.Combine(
        Update.SAMPLE, List.of(new Term(Update.SAMPLE, kept), new Term(Update.NOISE, added)));
  }

  private static double square(double value) {
    return value * value;
  }
}
