package io.github.tornadodiffusion.kernels.ops.embedding;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Lookup;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.LookupBackward;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Sinusoid;

/** Oracles of {@code Embedding}. */
public final class EmbeddingOracles {
  private EmbeddingOracles() {}

  public static Expectation sinusoid(Call call) {
    int[] d = call.descriptor();
    int half = d[Sinusoid.HALF];
    int stride = d[Sinusoid.STRIDE];
    return new Expectation(
        "%dx%d".formatted(d[Sinusoid.IMAGES], stride),
        Region.at(
            d[Sinusoid.OUT],
            d[Sinusoid.IMAGES] * stride,
            (i, before, sum) -> {
              int channel = i % stride;
              double timestep = before.at(d[Sinusoid.TIMESTEPS] + i / stride);
              if (channel < 2 * half) {
                // The angle is a float by definition after either product, in diffusers too.
                float product =
                    (float) (timestep * before.at(d[Sinusoid.FREQUENCIES] + channel % half));
                float angle = (float) (product * before.at(d[Sinusoid.FACTOR]));
                sum.add(
                    channel / half == d[Sinusoid.SINE] / half ? Math.sin(angle) : Math.cos(angle));
              }
            }));
  }

  public static Expectation lookup(Call call) {
    int[] d = call.descriptor();
    int stride = d[Lookup.STRIDE];
    return new Expectation(
        "%dx%d".formatted(d[Lookup.IMAGES], stride),
        Region.at(
            d[Lookup.OUT],
            d[Lookup.IMAGES] * stride,
            (i, before, sum) -> {
              int label = (int) before.at(d[Lookup.LABELS] + i / stride);
              sum.add(before.at(d[Lookup.TABLE] + label * stride + i % stride));
            }));
  }

  public static Expectation lookupBackward(Call call) {
    int[] d = call.descriptor();
    int images = d[LookupBackward.IMAGES];
    int stride = d[LookupBackward.STRIDE];
    boolean added = d[LookupBackward.ACCUMULATE] != 0;
    return new Expectation(
        "%dx%d for %d classes%s"
            .formatted(images, stride, d[LookupBackward.CLASSES], added ? ", added" : ""),
        Region.at(
            d[LookupBackward.GRAD_TABLE],
            d[LookupBackward.CLASSES] * stride,
            (i, before, sum) -> {
              sum.add(added ? before.at(d[LookupBackward.GRAD_TABLE] + i) : 0);
              for (int image = 0; image < images; image++) {
                if ((int) before.at(d[LookupBackward.LABELS] + image) == i / stride) {
                  sum.add(before.at(d[LookupBackward.GRAD_OUT] + image * stride + i % stride));
                }
              }
            }));
  }
}
