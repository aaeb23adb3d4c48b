package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.ops.noise.Noise;

/**
 * What determines the random numbers of a run, together with the stream and the index of a number.
 * They never depend on what ran before, on the number of threads or on how a batch is divided.
 *
 * @param seed of the whole
 * @param step of a training, or any other count of runs
 * @param firstImage how many images of the step precede those of this run
 */
public record Counter(long seed, int step, int firstImage) {
  /**
   * The block that kernels read it from, see {@link Noise#seedBlock}.
   *
   * @param stream distinguishes independent uses
   * @param perImage random numbers that an image takes
   */
  float[] block(int stream, int perImage) {
    return Noise.seedBlock(seed, stream, step, (long) firstImage * perImage);
  }
}
