package io.github.tornadodiffusion.experiments.framework;

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

  /** Whether a figure depends on the machine's speed and load. */
  public static boolean isMeasured(String name) {
    return MEASURED.matcher(name).matches() || OTHERS.contains(name);
  }
}
