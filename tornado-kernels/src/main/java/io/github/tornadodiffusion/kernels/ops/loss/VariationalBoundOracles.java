package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels.Backward;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels.PerImage;
import org.apache.commons.math3.special.Erf;

/** Oracles of {@code VariationalBound}. */
public final class VariationalBoundOracles {
  private VariationalBoundOracles() {}

  /**
   * An element of an image at some timestep.
   *
   * @param error of the mean, as u measured against the deviation of the posterior
   * @param v what the model says of the variance
   * @param halfBin 0 for a divergence
   * @param original x_0
   */
  private record Element(double error, double v, double range, double halfBin, double original) {
    double term(double otherV) {
      double u = (otherV + 1) / 2 * range;
      if (halfBin <= 0) {
        return 0.5 * (u + Math.expm1(-u) + error * error * Math.exp(-u));
      }
      double deviation = Math.exp(u / 2);
      double from = original < -0.999 ? -1e9 : (error - halfBin) / deviation;
      double to = original > 0.999 ? 1e9 : (error + halfBin) / deviation;
      // The tail on the side of zero that both ends share: the other one is all but 1.
      double probability =
          from > 0
              ? Erf.erfc(from / Math.sqrt(2)) - Erf.erfc(to / Math.sqrt(2))
              : Erf.erfc(-to / Math.sqrt(2)) - Erf.erfc(-from / Math.sqrt(2));
      return -Math.log(probability / 2);
    }

    double slope() {
      double step = 1e-4;
      return (term(v + step) - term(v - step)) / (2 * step);
    }
  }

  public static Expectation perImage(Call call) {
    int[] d = call.descriptor();
    int elements = d[PerImage.H] * d[PerImage.LENGTH];
    return new Expectation(
        "%dx%d".formatted(d[PerImage.IMAGES], elements),
        Region.at(
            d[PerImage.PER_IMAGE],
            d[PerImage.IMAGES],
            (image, before, sum) -> {
              for (int k = image * elements; k < (image + 1) * elements; k++) {
                int at = k / d[PerImage.CHANNELS] * d[PerImage.STRIDE] + k % d[PerImage.CHANNELS];
                Element element =
                    new Element(
                        before.at(d[PerImage.SCALE] + image)
                            * (before.at(d[PerImage.PREDICTION] + at)
                                - before.at(d[PerImage.TARGET] + at)),
                        before.at(d[PerImage.VARIANCE] + at),
                        before.at(d[PerImage.RANGE] + image),
                        before.at(d[PerImage.HALF_BIN] + image),
                        before.at(d[PerImage.ORIGINAL] + at));
                sum.add(element.term(element.v) / elements);
              }
            }));
  }

  public static Expectation backward(Call call) {
    RowsCall rows = RowsCall.of(call);
    int[] d = rows.d();
    return rows.expect(
        ", %d channels".formatted(d[Backward.CHANNELS]),
        (place, before, sum) -> {
          if (place.x() % d[Backward.STRIDE] < d[Backward.CHANNELS]) {
            int image = place.image();
            double error = before.at(rows.in(0, place)) - before.at(rows.in(1, place));
            Element element =
                new Element(
                    before.at(d[Backward.SCALE] + image) * error,
                    before.at(rows.in(2, place)),
                    before.at(d[Backward.RANGE] + image),
                    before.at(d[Backward.HALF_BIN] + image),
                    before.at(rows.in(3, place)));
            sum.add(
                before.at(d[Backward.WEIGHTS] + image) * element.slope() / d[Backward.ELEMENTS]);
          }
        });
  }
}
