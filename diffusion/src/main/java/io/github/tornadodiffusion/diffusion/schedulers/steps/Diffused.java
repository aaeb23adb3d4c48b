package io.github.tornadodiffusion.diffusion.schedulers.steps;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;

import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;

/**
 * The x_0 and the noise that a sample x = signal * x_0 + sigma * noise and a prediction imply, as
 * weights of sample and output. The coefficients are those of the input of the model; {@code
 * signal^2 + sigma^2 = 1}, or {@code signal + sigma = 1} for flows.
 */
public record Diffused(PredictionType prediction, double signal, double sigma) {
  /** From alphasCumprod. */
  public static Diffused of(PredictionType prediction, double alphaCumprod) {
    return new Diffused(prediction, Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod));
  }

  /** The x_0 that sample and output imply. */
  public Term[] original() {
    return terms(prediction.originalSample(signal), prediction.originalOutput(signal, sigma));
  }

  /** The noise that sample and output imply; zero if the sample has none. */
  public Term[] noise() {
    return switch (prediction) {
      case EPSILON -> terms(0, 1);
      case SAMPLE -> sigma == 0 ? terms(0, 0) : terms(1 / sigma, -signal / sigma);
      case V_PREDICTION -> terms(sigma, signal);
      case FLOW_PREDICTION -> terms(1, signal);
    };
  }

  /**
   * What a solver interpolates between its calls.
   *
   * @param ofNoise whether that is the noise, or else x_0, from {@link Update#ORIGINAL}
   * @param bounded whether the noise is derived from {@link Update#ORIGINAL}, after a bound; sigma
   *     is above 0 then
   */
  public Term[] prediction(boolean ofNoise, boolean bounded) {
    if (!ofNoise) {
      return new Term[] {term(Update.ORIGINAL, 1)};
    }
    return bounded
        ? new Term[] {term(Update.SAMPLE, 1 / sigma), term(Update.ORIGINAL, -signal / sigma)}
        : noise();
  }

  private static Term[] terms(double sample, double output) {
    return new Term[] {term(Update.SAMPLE, sample), term(Update.OUTPUT, output)};
  }
}
