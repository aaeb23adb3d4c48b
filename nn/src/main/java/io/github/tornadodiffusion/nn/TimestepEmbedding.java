package io.github.tornadodiffusion.nn;

/** diffusers' TimestepEmbedding: {@code linear_2(silu(linear_1(x)))}. */
final class TimestepEmbedding {
  private final Scope scope;
  private final Conv2d linear1;
  private final Conv2d linear2;

  TimestepEmbedding(Scope scope, int channels, int timeEmbedDim) {
    this.scope = scope;
    linear1 = Conv2d.linear(scope.child("linear_1"), channels, timeEmbedDim, true);
    linear2 = Conv2d.linear(scope.child("linear_2"), timeEmbedDim, timeEmbedDim, true);
  }

  Tensor apply(Graph graph, Tensor x) {
    Tensor hidden = linear1.apply(graph, x);
    return linear2.apply(graph, graph.silu(scope.child("act").path(), hidden));
  }

  /**
   * The frequencies of the sinusoidal embedding, in single precision as diffusers computes them:
   * {@code exp(-ln(10000) i / (channels / 2 - freqShift))}.
   */
  static float[] frequencies(int channels, int freqShift) {
    int half = channels / 2;
    float[] frequencies = new float[half];
    for (int i = 0; i < half; i++) {
      float exponent = (float) -Math.log(10000) * i / (half - freqShift);
      frequencies[i] = (float) Math.exp(exponent);
    }
    return frequencies;
  }
}
