package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Engine;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Adds up what TornadoVM's profiler says about the graphs that make one run of a program. */
final class TaskTimes {
  /** Where a task begins, a task's kernel time, or the power that the device drew then. */
  private static final Pattern TASK_TIME_OR_POWER =
      Pattern.compile(
          "\"(?:%s\\.)?(\\w+)\": \\{|\"(TASK_KERNEL_TIME|POWER_USAGE_mW)\": \"(\\d+)\""
              .formatted(Lowering.NAME));

  private static final double MILLIWATT_NANOSECONDS = 1e-12;

  /** Nanoseconds, and milliwatts where the device reports them. */
  private record Task(long nanos, long milliwatts) {}

  private final long[] calls;
  private int next;
  private long compilation;
  private long transfers;

  /** NaN as soon as the power of a task is unknown. */
  private double joules;

  TaskTimes(int calls) {
    this.calls = new long[calls];
  }

  /**
   * Adds a graph that has run.
   *
   * @param log the graph's profiles so far, of which the last one counts
   * @param tasks the graph's tasks, one for each call
   * @throws IllegalStateException if the profile says nothing about a task
   */
  void add(String log, List<Lowering.Task> tasks, long compilationNanos, long transferNanos) {
    Map<String, Task> times = parse(log);
    for (Lowering.Task task : tasks) {
      Task time = times.get(task.id());
      if (time == null || time.nanos < 0) {
        throw new IllegalStateException(
            "TornadoVM's profile has no kernel time for " + task.id() + ": " + log);
      }
      calls[next++] = time.nanos;
      joules +=
          time.milliwatts < 0 ? Double.NaN : MILLIWATT_NANOSECONDS * time.nanos * time.milliwatts;
    }
    compilation += compilationNanos;
    transfers += transferNanos;
  }

  private static Map<String, Task> parse(String log) {
    Map<String, Task> times = new HashMap<>();
    int last = Math.max(0, log.lastIndexOf("\"" + Lowering.NAME + "\": {"));
    Matcher found = TASK_TIME_OR_POWER.matcher(log).region(last, log.length());
    String name = "";
    while (found.find()) {
      if (found.group(1) != null) {
        name = found.group(1);
        continue;
      }
      Task task = times.getOrDefault(name, new Task(-1, -1));
      long value = Long.parseLong(found.group(3));
      times.put(
          name,
          found.group(2).equals("TASK_KERNEL_TIME")
              ? new Task(value, task.milliwatts)
              : new Task(task.nanos, value));
    }
    return times;
  }

  Engine.Measurement measurement(long total) {
    return new Engine.Measurement(calls, compilation, transfers, total, joules);
  }
}
