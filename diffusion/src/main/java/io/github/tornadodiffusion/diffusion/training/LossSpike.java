package io.github.tornadodiffusion.diffusion.training;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.stat.StatUtils;

/**
 * A step whose loss is far above those before it. The loss of a batch varies with its timesteps, so
 * what counts as far depends on the spread of the earlier steps: the median distance from their
 * median, which single spikes do not affect.
 *
 * @param step counted from 1
 * @param loss of the step
 * @param usual the median of the earlier steps
 */
public record LossSpike(int step, double loss, double usual) {
  /** How many earlier steps are used, and how many there must be. */
  private static final int STEPS = 100;

  private static final int FEWEST = 20;

  /** In a normal distribution one value in 10^23 is as far out. */
  private static final double SPREADS = 10;

  private static final double TIMES = 2;

  /**
   * The median distance of a normal distribution's values from its mean, in standard deviations.
   */
  private static final double NORMAL = 0.6745;

  /** The last step of a curve if it is a spike, or null. */
  public static LossSpike last(LossCurve curve) {
    List<LossCurve.Row> rows = curve.rows();
    if (rows.size() <= FEWEST) {
      return null;
    }
    LossCurve.Row last = rows.getLast();
    double[] before =
        rows.subList(Math.max(0, rows.size() - 1 - STEPS), rows.size() - 1).stream()
            .mapToDouble(LossCurve.Row::loss)
            .toArray();
    double median = StatUtils.percentile(before, 50);
    double[] distances = Arrays.stream(before).map(loss -> Math.abs(loss - median)).toArray();
    double spread = StatUtils.percentile(distances, 50) / NORMAL;
    boolean far = last.loss() > median + SPREADS * spread && last.loss() > TIMES * median;
    return far ? new LossSpike(last.step(), last.loss(), median) : null;
  }
}
