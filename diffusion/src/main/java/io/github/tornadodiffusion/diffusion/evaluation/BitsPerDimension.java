package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import java.util.ArrayList;
import java.util.List;

/**
 * The variational bound on the negative logarithm of the likelihood of images, in bits per
 * dimension (Ho et al. 2020, equation 5; Nichol and Dhariwal 2021): the divergence of x_T from
 * noise, that of every step of the model from the posterior q(x_(t-1) | x_t, x_0), and the
 * likelihood of the image after the last step, by bins around its values.
 *
 * @param perImage the whole bound of every image
 * @param prior the part that does not depend on the model: the mean divergence of x_T from noise
 * @param terms the other parts: for every stratum of timesteps the mean of its term over the images
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
public record BitsPerDimension(double[] perImage, double prior, List<Term> terms) {
  /** Levels of an 8-bit value. */
  public static final int LEVELS = 256;

  private static final double LN2 = Math.log(2);

  /**
   * The mean term of the timesteps first .. first + timesteps - 1, of which one was drawn for every
   * image; their part of the bound is timesteps * bits.
   */
  public record Term(int first, int timesteps, double bits) {}

  /**
   * How to measure it.
   *
   * @param variance of the model's steps
   * @param clip whether the predicted x_0 is clipped to [-1, 1], as in the papers' code
   * @param levels values that a dimension can have, evenly from -1 to 1: {@link #LEVELS} for 8-bit
   *     images; resampled images have more levels than the bytes that they come from, and a bound
   *     with fewer levels than the data takes different values for equal ones
   * @param timesteps how many of the T timesteps an image is evaluated at, see {@link
   *     TimestepStrata}; T for the exact sum
   */
  public record Options(VarianceType variance, boolean clip, int levels, int timesteps) {
    /** Checks the levels. */
    public Options {
      if (levels < 2) {
        throw new IllegalArgumentException(
            "values of %d levels say nothing: use at least 2".formatted(levels));
      }
    }
  }

  /**
   * Measures a model.
   *
   * @param images that it was not trained on
   * @param seed of the noise and of the timesteps; an image's noise and timesteps depend only on
   *     the seed, its number and the stratum
   * @throws IllegalArgumentException if the model has no output for the variance that is asked for
   */
  public static BitsPerDimension of(
      EvaluatedModel model, Dataset images, Options options, long seed) {
    TimestepStrata strata = new TimestepStrata(model.schedule().timesteps(), options.timesteps());
    double[] perImage = new double[images.size()];
    double[] means = new double[strata.count()];
    double prior = 0;
    for (int i = 0; i < perImage.length; i++) {
      perImage[i] = priorBits(model.schedule(), images.image(i));
      prior += perImage[i] / perImage.length;
    }
    model.ask(
        images,
        seed,
        strata.count(),
        (image, stratum) -> strata.draw(seed, image, stratum),
        answer -> {
          double bits = bits(model, options, answer);
          perImage[answer.image()] += strata.size(answer.round()) * bits;
          means[answer.round()] += bits / perImage.length;
        });
    List<Term> terms = new ArrayList<>();
    for (int k = 0; k < means.length; k++) {
      terms.add(new Term(strata.first(k), strata.size(k), means[k]));
    }
    return new BitsPerDimension(perImage, prior, List.copyOf(terms));
  }

  /** The mean over the images. */
  public double mean() {
    double sum = 0;
    for (double image : perImage) {
      sum += image;
    }
    return sum / perImage.length;
  }

  /** The divergence of q(x_T | x_0) from standard normal noise. */
  private static double priorBits(NoiseSchedule schedule, float[] image) {
    double kept = schedule.alphaCumprod(schedule.timesteps() - 1);
    double sum = 0;
    for (float value : image) {
      sum += kept * value * value;
    }
    return (sum / image.length - kept - Math.log1p(-kept)) / 2 / LN2;
  }

  private static double bits(EvaluatedModel model, Options options, EvaluatedModel.Answer answer) {
    int t = answer.timestep();
    int length = answer.original().length;
    boolean learned =
        options.variance == VarianceType.LEARNED || options.variance == VarianceType.LEARNED_RANGE;
    if (answer.output().length != (learned ? 2 : 1) * length) {
      throw new IllegalArgumentException(
          "The model answers %d values for %d, which does not fit variance_type %s: use its own"
              .formatted(answer.output().length, length, options.variance.id()));
    }
    NoiseSchedule schedule = model.schedule();
    double sampleShare = model.prediction().originalSample(schedule.signal(t));
    double outputShare = model.prediction().originalOutput(schedule.signal(t), schedule.sigma(t));
    double posteriorLog = Math.log(schedule.boundVariance(t));
    double betaLog = Math.log(Math.max(schedule.beta(t), NoiseSchedule.LEAST_VARIANCE));
    double share = schedule.originalShare(t);
    double sum = 0;
    for (int i = 0; i < length; i++) {
      double said = sampleShare * answer.sample()[i] + outputShare * answer.output()[i];
      double original = options.clip ? Math.clamp(said, -1, 1) : said;
      double error = answer.original()[i] - original;
      double log =
          switch (options.variance) {
            case FIXED_SMALL, FIXED_SMALL_LOG -> posteriorLog;
            // As in the papers' code, where the likelihood of timestep 0 has the posterior's
            // variance.
            case FIXED_LARGE, FIXED_LARGE_LOG -> t == 0 ? posteriorLog : betaLog;
            case LEARNED ->
                Math.log(Math.max(answer.output()[length + i], NoiseSchedule.LEAST_VARIANCE));
            case LEARNED_RANGE ->
                posteriorLog + (answer.output()[length + i] + 1) / 2 * (betaLog - posteriorLog);
          };
      sum +=
          t == 0
              ? -DiscretisedNormal.logProbability(
                  answer.original()[i], original, Math.exp(log / 2), options.levels)
              : divergence(share * error, posteriorLog, log);
    }
    return sum / length / LN2;
  }

  /**
   * The divergence of two normal distributions, from the difference of their means and the
   * logarithms of their variances.
   */
  private static double divergence(double difference, double log, double modelLog) {
    return (modelLog
            - log
            + Math.expm1(log - modelLog)
            + difference * difference * Math.exp(-modelLog))
        / 2;
  }
}
