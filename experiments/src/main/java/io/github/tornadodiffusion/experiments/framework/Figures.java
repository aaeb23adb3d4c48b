package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The meaning of the names of figures. Those that end in a unit of time, rate, memory or energy
 * differ from run to run; all other numbers are the same in every run.
 */
public final class Figures {
  private static final Pattern MEASURED =
      Pattern.compile(".*(_ms|_seconds|_per_s|_mib|_joules|_ns|_speedup)");

  /** A share of the total time of something. */
  public static final String TIME_PERCENT = "time_percent";

  /** Also measured, although their names end in no unit. */
  private static final Set<String> OTHERS = Set.of("gflops", "warm_ups", "runs", TIME_PERCENT);

  private Figures() {}

  /** Can be below zero: an estimate without bias of a distance of zero is. */
  private static final Set<String> SIGNED = Set.of("kid");

  private static final String SHARE = "_share";

  /**
   * A 95 % interval of the mean that holds no value that the figure cannot have, such as a time
   * below zero.
   */
  public static Interval meanInterval(String name, Summary summary) {
    if (name.endsWith(SHARE)) {
      return summary.shareMeanInterval();
    }
    return SIGNED.contains(name) || summary.min() < 0
        ? summary.meanInterval()
        : summary.positiveMeanInterval();
  }

  /** Whether a figure depends on the machine's speed and load. */
  public static boolean isMeasured(String name) {
    return MEASURED.matcher(name).matches() || OTHERS.contains(name);
  }
}
