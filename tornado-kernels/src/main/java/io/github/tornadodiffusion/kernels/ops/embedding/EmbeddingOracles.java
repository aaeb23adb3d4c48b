package io.github.tornadodiffusion.kernels.ops.embedding;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/** Oracles of {@code Embedding}. */
public final class EmbeddingOracles {
  private EmbeddingOracles() {}

  public static Expectation sinusoid(Call call) {
    int[] d = call.descriptor();
    int half = d[1];
    int stride = d[2];
    return new Expectation(
        "%dx%d".formatted(d[0], stride),
        Region.at(
            d[5],
            d[0] * stride,
            (i, before, sum) -> {
              int channel = i % stride;
              double timestep = before.at(d[3] + i / stride);
              if (channel < 2 * half) {
                // The angle is a float by definition after either product, in diffusers too.
                float product = (float) (timestep * before.at(d[4] + channel % half));
                float angle = (float) (product * before.at(d[8]));
                sum.add(channel / half == d[6] / half ? Math.sin(angle) : Math.cos(angle));
              }
            }));
  }

  public static Expectation lookup(Call call) {
    int[] d = call.descriptor();
    int stride = d[1];
    return new Expectation(
        "%dx%d".formatted(d[0], stride),
        Region.at(
            d[4],
            d[0] * stride,
            (i, before, sum) -> {
              int label = (int) before.at(d[3] + i / stride);
              sum.add(before.at(d[2] + label * stride + i % stride));
            }));
  }

  public static Expectation lookupBackward(Call call) {
    int[] d = call.descriptor();
    int images = d[1];
    int stride = d[2];
    boolean added = d[6] != 0;
    return new Expectation(
        "%dx%d for %d classes%s".formatted(images, stride, d[0], added ? ", added" : ""),
        Region.at(
            d[5],
            d[0] * stride,
            (i, before, sum) -> {
              sum.add(added ? before.at(d[5] + i) : 0);
              for (int image = 0; image < images; image++) {
                if ((int) before.at(d[4] + image) == i / stride) {
                  sum.add(before.at(d[3] + image * stride + i % stride));
                }
              }
            }));
  }
}
