package io.github.tornadodiffusion.kernels.check;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle;
import io.github.tornadodiffusion.kernels.Terms;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Compares a sample of what a call writes with its oracle. Create it before the call runs. */
public final class CallCheck {
  /** Elements of a region that are compared. */
  private static final int SAMPLES = 48;

  private record Sample(int[] indices, double[] expected, double scale) {}

  private final List<Sample> samples = new ArrayList<>();

  /**
   * Computes what the call must write.
   *
   * @param before the arena as the call finds it
   */
  public CallCheck(Call call, Arena before) {
    SplittableRandom random = new SplittableRandom(1);
    for (CallOracle.Region region : call.expect().regions()) {
      int count = Math.min(SAMPLES, region.count());
      int[] indices = new int[count];
      double[] expected = new double[count];
      double scale = Double.MIN_NORMAL;
      for (int i = 0; i < count; i++) {
        // All of a small region, and of a larger one the last element always: tiles end there.
        int element =
            count == region.count() || i == 0
                ? region.count() - 1 - i
                : random.nextInt(region.count());
        Terms terms = region.expected(element, before);
        indices[i] = region.index().applyAsInt(element);
        expected[i] = terms.value();
        if (Double.isFinite(terms.scale())) {
          scale = Math.max(scale, terms.scale());
        }
      }
      samples.add(new Sample(indices, expected, scale));
    }
  }

  /**
   * The largest difference between what the call wrote and what its oracle says, divided by the
   * largest {@link Terms#scale} of the sampled elements of the same region. Infinite for NaN.
   *
   * @param after the arena as the call left it
   */
  public double error(Arena after) {
    return error(after, true);
  }

  /**
   * The same without elements for which the oracle gives no finite number: random input may be
   * meaningless.
   */
  public double errorWhereDefined(Arena after) {
    return error(after, false);
  }

  private double error(Arena after, boolean everywhere) {
    double error = 0;
    for (Sample sample : samples) {
      for (int i = 0; i < sample.indices.length; i++) {
        if (!everywhere && !Double.isFinite(sample.expected[i])) {
          continue;
        }
        double difference = Math.abs(after.at(sample.indices[i]) - sample.expected[i]);
        double relative = difference / sample.scale;
        // Infinite instead of NaN, which is not greater than any limit: a kernel that writes NaN
        // must not pass.
        error = Math.max(error, Double.isNaN(relative) ? Double.POSITIVE_INFINITY : relative);
      }
    }
    return error;
  }
}
