package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.ops.noise.Noise;

/**
 * What the random numbers of a run are a function of, besides the stream and the place of a number:
 * never of what ran before, the number of threads or the size of a batch's parts.
 *
 * @param seed of the whole
 * @param step of a training, or whatever else counts runs
 * @param firstImage how many images the step has before those of this run
 */
public record Counter(long seed, int step, int firstImage) {
  /**
   * What kernels read it from, see {@link Noise#seedBlock}.
   *
   * @param stream tells independent uses apart
   * @param perImage random numbers that an image takes
   */
  float[] block(int stream, int perImage) {
    return Noise.seedBlock(seed, stream, step, (long) firstImage * perImage);
  }
}
