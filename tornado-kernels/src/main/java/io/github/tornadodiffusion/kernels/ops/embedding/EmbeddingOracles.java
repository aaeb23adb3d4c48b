package io.github.tornadodiffusion.kernels.ops.embedding;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Ends;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Lookup;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Scatter;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Sinusoid;

/** Oracles of {@code Embedding}. */
final class EmbeddingOracles {
  private EmbeddingOracles() {}

  static Expectation sinusoid(Call call) {
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

  static Expectation lookup(Call call) {
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

  static Expectation scatter(Call call) {
    int[] d = call.descriptor();
    int images = d[Scatter.IMAGES];
    int stride = d[Scatter.STRIDE];
    return new Expectation(
        "%dx%d for %d classes".formatted(images, stride, d[Scatter.CLASSES]),
        Region.at(
            d[Scatter.GRAD_TABLE],
            d[Scatter.CLASSES] * stride,
            (i, before, sum) -> {
              sum.add(before.at(d[Scatter.GRAD_TABLE] + i));
              for (int image = 0; image < images; image++) {
                if ((int) before.at(d[Scatter.LABELS] + image) == i / stride) {
                  sum.add(before.at(d[Scatter.GRAD_OUT] + image * stride + i % stride));
                }
              }
            }));
  }

  static Expectation ends(Call call) {
    int[] d = call.descriptor();
    int tokens = d[Ends.TOKENS];
    return new Expectation(
        "%dx%d tokens".formatted(d[Ends.IMAGES], tokens),
        Region.at(
            d[Ends.OUT],
            d[Ends.IMAGES],
            (i, before, sum) -> {
              int found = 0;
              for (int t = tokens - 1; t >= 0; t--) {
                double id = before.at(d[Ends.IDS] + i * tokens + t);
                double best = before.at(d[Ends.IDS] + i * tokens + found);
                boolean better = d[Ends.END] < 0 ? id >= best : (int) id == d[Ends.END];
                found = better ? t : found;
              }
              sum.add(i * tokens + found);
            }));
  }
}
