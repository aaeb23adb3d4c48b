package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.ImageBytes;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.sampling.Denoiser;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.ReverseProcess;
import java.util.Arrays;

/** So many images whose pixels are distinct bytes, as decoded ones are. */
public record FixedImages(int size, int channels, int imageSize) implements Dataset {
  @Override
  public String name() {
    return "fixed";
  }

  @Override
  public float[] image(int index) {
    byte[] pixels = new byte[channels * imageSize * imageSize];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (37 * index + 11 * i);
    }
    return ImageBytes.toFloats(pixels);
  }

  /** The images that come in turn, one after another. */
  public float[] inTurn(int count) {
    int values = channels * imageSize * imageSize;
    float[] all = new float[count * values];
    for (int i = 0; i < count; i++) {
      System.arraycopy(image(i % size), 0, all, i * values, values);
    }
    return all;
  }

  /** Runs a process for so many images, two at a time. */
  public float[] run(Denoiser denoiser, ReverseProcess process, int count, long seed) {
    return run(
        denoiser, process, count, SampleNoise.seeded(seed, channels * imageSize * imageSize));
  }

  /** Runs a process for so many images, two at a time. */
  public float[] run(Denoiser denoiser, ReverseProcess process, int count, SampleNoise noise) {
    float[] all = new float[count * channels * imageSize * imageSize];
    new Pipeline(denoiser, 2, channels, imageSize, imageSize)
        .run(
            process,
            new Pipeline.Request(count, noise, null),
            (first, images, values) ->
                System.arraycopy(values, 0, all, first * (all.length / count), values.length));
    return all;
  }

  @Override
  public int label(int index) {
    return -1;
  }

  @Override
  public int classes() {
    return 0;
  }

  @Override
  public String hash() {
    return Integer.toHexString(Arrays.hashCode(inTurn(size)));
  }
}
