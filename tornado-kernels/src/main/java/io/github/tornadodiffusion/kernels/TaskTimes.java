package io.github.tornadodiffusion.kernels;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Adds up what TornadoVM's profiler says about the graphs that make one run of a program. */
final class TaskTimes {
  /** Where a task begins, or a task's kernel time. */
  private static final Pattern TASK_OR_TIME =
      Pattern.compile(
          "\"(?:%s\\.)?(\\w+)\": \\{|\"TASK_KERNEL_TIME\": \"(\\d+)\"".formatted(Lowering.NAME));

  private final long[] calls;
  private int next;
  private long compilation;
  private long transfers;

  TaskTimes(int calls) {
    this.calls = new long[calls];
  }

  /**
   * Adds a graph that has run.
   *
   * @param log the graph's profiles so far, of which the last one counts
   * @param tasks the graph's tasks, one a call
   * @throws IllegalStateException if the profile says nothing about a task
   */
  void add(String log, List<Lowering.Task> tasks, long compilationNanos, long transferNanos) {
    Map<String, Long> times = parse(log);
    for (Lowering.Task task : tasks) {
      Long nanos = times.get(task.id());
      if (nanos == null) {
        throw new IllegalStateException(
            "TornadoVM's profile has no kernel time for " + task.id() + ": " + log);
      }
      calls[next++] = nanos;
    }
    compilation += compilationNanos;
    transfers += transferNanos;
  }

  private static Map<String, Long> parse(String log) {
    Map<String, Long> times = new HashMap<>();
    int last = Math.max(0, log.lastIndexOf("\"" + Lowering.NAME + "\": {"));
    Matcher found = TASK_OR_TIME.matcher(log).region(last, log.length());
    String task = "";
    while (found.find()) {
      if (found.group(1) != null) {
        task = found.group(1);
      } else {
        times.put(task, Long.parseLong(found.group(2)));
      }
    }
    return times;
  }

  Engine.Measurement measurement(long total) {
    return new Engine.Measurement(calls, compilation, transfers, total);
  }
}
