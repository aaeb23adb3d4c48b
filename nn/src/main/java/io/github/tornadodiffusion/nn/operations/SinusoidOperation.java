package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * The sinusoidal embedding of numbers. It has no gradient.
 *
 * @param numbers {@code [n]}
 * @param frequencies {@code [k]}
 * @param factor of every angle
 * @param flipSinToCos whether the cosines come before the sines
 */
public record SinusoidOperation(
    String label,
    Tensor numbers,
    Stored frequencies,
    Stored factor,
    boolean flipSinToCos,
    Tensor out)
    implements Operation {

  /**
   * Records the sinusoidal embedding of timesteps {@code [n, 1, 1, channels]}.
   *
   * @param timesteps {@code [1, 1, 1, n]}
   * @param freqShift subtracted from the number of frequencies in the exponent's divisor
   * @param flip whether the cosines come before the sines
   */
  public static Tensor record(
      Graph graph, String label, Tensor timesteps, int channels, int freqShift, boolean flip) {
    Buffer frequencies = graph.constant(Embedding.frequencies(channels, freqShift));
    return record(graph, label, timesteps, channels, frequencies, 1, flip);
  }

  /**
   * Records random Fourier features {@code [n, 1, 1, 2k]}: the sines, then the cosines of 2 pi
   * times logarithm times frequency.
   *
   * @param logarithms of the timesteps, {@code [1, 1, 1, n]}
   * @param frequencies {@code [k]}, which are not trained
   */
  public static Tensor fourier(
      Graph graph, String label, Tensor logarithms, Parameter frequencies) {
    int channels = 2 * frequencies.spec().shape()[0];
    return record(graph, label, logarithms, channels, graph.at(frequencies), 2 * Math.PI, false);
  }

  private static Tensor record(
      Graph graph,
      String label,
      Tensor numbers,
      int channels,
      Stored frequencies,
      double factor,
      boolean flip) {
    Tensor out = Tensor.of(label, Block.of(0, numbers.c(), 1, 1, channels), false);
    return graph.record(
        new SinusoidOperation(
            label, numbers, frequencies, graph.constant((float) factor), flip, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label,
        at ->
            Embedding.sinusoid(
                at.of(numbers), at.of(frequencies), at.of(factor), flipSinToCos, at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    throw new IllegalStateException(label + " has no gradient");
  }
}
