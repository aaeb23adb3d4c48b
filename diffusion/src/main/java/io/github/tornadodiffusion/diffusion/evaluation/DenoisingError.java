package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.util.ArrayList;
import java.util.List;

/**
 * The errors of a model in predicting the noise and the images themselves, whichever of them it
 * predicts. Models that are measured with the same seed see the same noise.
 */
public final class DenoisingError {
  private DenoisingError() {}

  /**
   * The error at an image and a timestep.
   *
   * @param image number of the image in its data set
   * @param logSnr logarithm of signal^2 / sigma^2; infinite without noise or signal
   * @param noise mean squared error of the predicted noise; infinite if the model predicts x_0 and
   *     x_t has no noise
   * @param original mean squared error of the predicted x_0, not clipped; infinite if the model
   *     predicts the noise and x_t has no signal
   */
  public record Row(int image, int timestep, double logSnr, double noise, double original) {}

  /**
   * Measures a model.
   *
   * @param images that it was not trained on
   * @param timesteps to measure at; the noise of an image depends on the position in this list and
   *     not on the timestep
   * @param seed of the noise
   * @return a row for every image at every timestep: all images at the first, then at the second
   * @throws IllegalArgumentException if a timestep is not one of the model's
   */
  public static List<Row> of(EvaluatedModel model, Dataset images, int[] timesteps, long seed) {
    for (int timestep : timesteps) {
      if (timestep < 0 || timestep >= model.schedule().timesteps()) {
        throw new IllegalArgumentException(
            "The model has no timestep %d: choose 0 to %d"
                .formatted(timestep, model.schedule().timesteps() - 1));
      }
    }
    List<Row> rows = new ArrayList<>();
    model.ask(
        images,
        seed,
        timesteps.length,
        (image, round) -> timesteps[round],
        answer -> rows.add(row(model, answer)));
    return rows;
  }

  /** Both follow from the error of the prediction, because the sample is known. */
  private static Row row(EvaluatedModel model, EvaluatedModel.Answer answer) {
    double signal = model.schedule().signal(answer.timestep());
    double sigma = model.schedule().sigma(answer.timestep());
    double noiseShare = model.prediction().targetNoise(signal);
    double originalShare = model.prediction().targetSample(sigma);
    double sum = 0;
    for (int i = 0; i < answer.original().length; i++) {
      double target = noiseShare * answer.noise()[i] + originalShare * answer.original()[i];
      double error = answer.output()[i] - target;
      sum += error * error;
    }
    double error = sum / answer.original().length;
    double snr = signal * signal / (sigma * sigma);
    return switch (model.prediction()) {
      case EPSILON -> row(answer, snr, error, error / snr);
      case SAMPLE -> row(answer, snr, error * snr, error);
      case V_PREDICTION, FLOW_PREDICTION ->
          row(answer, snr, error * signal * signal, error * sigma * sigma);
    };
  }

  private static Row row(EvaluatedModel.Answer answer, double snr, double noise, double original) {
    return new Row(answer.image(), answer.timestep(), Math.log(snr), noise, original);
  }
}
