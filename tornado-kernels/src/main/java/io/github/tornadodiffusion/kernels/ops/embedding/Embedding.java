package io.github.tornadodiffusion.kernels.ops.embedding;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Ends;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Lookup;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Scatter;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingKernels.Sinusoid;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerCalls;
import java.util.ArrayList;
import java.util.List;

/**
 * Embeddings of timesteps, classes and tokens. Timesteps, labels and tokens are floats that hold
 * integers. Blocks are without border.
 */
public final class Embedding {
  private static final Kernel SINUSOID =
      Kernel.of(EmbeddingKernels.class, "sinusoid").with(EmbeddingOracles::sinusoid);
  private static final Kernel LOOKUP =
      Kernel.of(EmbeddingKernels.class, "lookup").with(EmbeddingOracles::lookup);
  private static final Kernel SCATTER =
      Kernel.of(EmbeddingKernels.class, "scatter").with(EmbeddingOracles::scatter);
  private static final Kernel ENDS =
      Kernel.of(EmbeddingKernels.class, "ends").with(EmbeddingOracles::ends);
  private static final float MAX_PERIOD = 10000;

  private Embedding() {}

  /**
   * Frequencies of the sinusoidal embedding, rounded to single precision where diffusers'
   * get_timestep_embedding on PyTorch's CPU does: exp(-ln(10000) * i / (dim / 2 -
   * downscaleFreqShift)). Their last bits matter: a timestep multiplies them by up to a thousand.
   *
   * @param dim channels of the embedding
   * @return dim / 2 frequencies
   */
  public static float[] frequencies(int dim, float downscaleFreqShift) {
    int half = dim / 2;
    float[] frequencies = new float[half];
    float divisor = half - downscaleFreqShift;
    if (divisor == 0) {
      throw new IllegalArgumentException(
          "A time embedding of %d channels does not allow freq_shift %s: use more channels or freq_shift 0"
              .formatted(dim, downscaleFreqShift));
    }
    float logPeriod = (float) -StrictMath.log(MAX_PERIOD);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = expf(logPeriod * i / divisor);
    }
    return frequencies;
  }

  /**
   * SLEEF's expf_u10 (Shibata and Petrogalli 2020), which PyTorch computes with: to the last bit
   * for arguments from -80 to 0.
   */
  private static float expf(float d) {
    float q = (float) Math.rint(d * 1.44269504f);
    float s = Math.fma(q, -1.428606765330187045e-06f, Math.fma(q, -0.693145751953125f, d));
    float u = 0.000198527617612853646278381f;
    u = Math.fma(u, s, 0.00139304355252534151077271f);
    u = Math.fma(u, s, 0.00833336077630519866943359f);
    u = Math.fma(u, s, 0.0416664853692054748535156f);
    u = Math.fma(u, s, 0.166666671633720397949219f);
    u = Math.fma(u, s, 0.5f);
    return Math.scalb(1 + Math.fma(s * s, u, s), (int) q);
  }

  /**
   * Sinusoidal embedding: with half = c / 2, arg = t * frequencies[i] * factor; [sin, cos] or,
   * flipped, [cos, sin]; an odd last channel is zero. With the frequencies of {@link #frequencies}
   * and a factor of 1 it is diffusers' get_timestep_embedding, with random ones, a factor of 2 pi
   * and the logarithms of timesteps its GaussianFourierProjection.
   *
   * @param timesteps [n]
   * @param frequencies [c / 2]
   * @param factor offset of a constant
   * @param out [n, 1, 1, c]
   */
  public static Call sinusoid(
      int timesteps, int frequencies, int factor, boolean flipSinToCos, Block out) {
    Rows.requireRows(SINUSOID, out);
    int half = out.c() / 2;
    int[] d = new int[Sinusoid.SIZE];
    d[Sinusoid.IMAGES] = out.n();
    d[Sinusoid.HALF] = half;
    d[Sinusoid.STRIDE] = out.stride();
    d[Sinusoid.TIMESTEPS] = timesteps;
    d[Sinusoid.FREQUENCIES] = frequencies;
    d[Sinusoid.OUT] = out.offset();
    d[Sinusoid.SINE] = flipSinToCos ? half : 0;
    d[Sinusoid.COSINE] = flipSinToCos ? 0 : half;
    d[Sinusoid.FACTOR] = factor;
    return new Call(SINUSOID, d, out.n(), 0, 4.0 * (out.n() + half + out.size()));
  }

  /**
   * out[i] = table[labels[i]]; table [classes][round16(c)], out [n, 1, 1, c]. Labels must be below
   * classes.
   */
  public static Call lookup(int table, int labels, Block out) {
    Rows.requireRows(LOOKUP, out);
    int[] d = new int[Lookup.SIZE];
    d[Lookup.IMAGES] = out.n();
    d[Lookup.STRIDE] = out.stride();
    d[Lookup.TABLE] = table;
    d[Lookup.LABELS] = labels;
    d[Lookup.OUT] = out.offset();
    return new Call(LOOKUP, d, out.n(), 0, 4.0 * (out.n() + 2.0 * out.size()));
  }

  /**
   * Gradient of {@link #lookup}: gradTable[k] = sum of gradOut[i] over the i with labels[i] = k, in
   * the order of i.
   */
  public static List<Call> lookupBackward(
      Block gradOut, int labels, int classes, int gradTable, boolean accumulate) {
    Rows.requireRows(SCATTER, gradOut);
    int table = Math.multiplyExact(classes, gradOut.stride());
    List<Call> calls = new ArrayList<>();
    if (!accumulate) {
      calls.add(OptimizerCalls.clear(gradTable, table));
    }
    int[] d = new int[Scatter.SIZE];
    d[Scatter.IMAGES] = gradOut.n();
    d[Scatter.STRIDE] = gradOut.stride();
    d[Scatter.GRAD_OUT] = gradOut.offset();
    d[Scatter.LABELS] = labels;
    d[Scatter.GRAD_TABLE] = gradTable;
    d[Scatter.CLASSES] = classes;
    double floats = gradOut.n() + 3.0 * gradOut.size();
    calls.add(new Call(SCATTER, d, gradOut.stride() / 16, gradOut.n() * gradOut.c(), 4 * floats));
    return calls;
  }

  /**
   * The rows, in a table of all tokens of n sequences, of the last token of each: for {@link
   * #lookup}.
   *
   * @param ids [n][tokens]
   * @param end the token that ends a sequence, of which the first counts; if there is none, the
   *     first token of all. Negative: the first of the greatest tokens
   * @param out [n]
   */
  public static Call ends(int ids, int n, int tokens, int end, int out) {
    int[] d = new int[Ends.SIZE];
    d[Ends.IMAGES] = n;
    d[Ends.TOKENS] = tokens;
    d[Ends.IDS] = ids;
    d[Ends.END] = end;
    d[Ends.OUT] = out;
    return new Call(ENDS, d, n, 0, 4.0 * n * (tokens + 1));
  }
}
