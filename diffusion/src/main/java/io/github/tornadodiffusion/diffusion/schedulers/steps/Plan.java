package io.github.tornadodiffusion.diffusion.schedulers.steps;

import java.util.List;
import java.util.function.IntFunction;

/**
 * A sampler's table.
 *
 * @param initNoiseSigma the first sample is standard normal noise times this factor
 * @param calls in order
 * @param rest the calls of a sampler that begins at one of them; they differ from the rest of the
 *     calls if the method uses earlier calls, which it then lacks
 * @param endSignal the weight of x_0 in the sample after the last call; 1 except for samplers that
 *     end with noise
 * @param endSigma the weight of the noise in it
 */
public record Plan(
    double initNoiseSigma,
    List<ModelCall> calls,
    IntFunction<List<ModelCall>> rest,
    double endSignal,
    double endSigma) {
  /** Copies the calls. */
  public Plan {
    calls = List.copyOf(calls);
  }

  /** The table of a sampler that ends with a clean sample. */
  public Plan(double initNoiseSigma, List<ModelCall> calls, IntFunction<List<ModelCall>> rest) {
    this(initNoiseSigma, calls, rest, 1, 0);
  }

  /** The table of a sampler whose calls do not depend on earlier ones. */
  public Plan(double initNoiseSigma, List<ModelCall> calls) {
    this(initNoiseSigma, calls, first -> calls.subList(first, calls.size()));
  }

  /** The table of a sampler that uses earlier calls, and begins without any. */
  public static Plan of(double initNoiseSigma, IntFunction<List<ModelCall>> rest) {
    return new Plan(initNoiseSigma, rest.apply(0), rest);
  }

  /** The same with another end. */
  public Plan withEnd(double signal, double sigma) {
    return new Plan(initNoiseSigma, calls, rest, signal, sigma);
  }

  /** The plan of a sampler that begins at a call. */
  public Plan startingAt(int first) {
    return of(initNoiseSigma, more -> rest.apply(first + more)).withEnd(endSignal, endSigma);
  }
}
