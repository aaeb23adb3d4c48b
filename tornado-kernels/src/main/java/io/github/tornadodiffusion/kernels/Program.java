package io.github.tornadodiffusion.kernels;

import java.util.List;

/**
 * An ordered list of kernel calls over one arena.
 *
 * @param name what the program does, for messages
 * @param calls the launches, in order
 * @param labels for every call the layer it belongs to, for profiles
 * @param inputs the ranges of the arena that the host writes before each run
 * @param outputs the ranges of the arena that the host reads after each run
 */
public record Program(
    String name, List<Call> calls, List<String> labels, List<Range> inputs, List<Range> outputs) {
  /** Floats {@code offset .. offset + length - 1} of the arena. */
  public record Range(int offset, int length) {}

  /** Checks that every call has a label. */
  public Program {
    calls = List.copyOf(calls);
    labels = List.copyOf(labels);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    if (labels.size() != calls.size()) {
      throw new IllegalArgumentException(
          name + ": " + calls.size() + " calls, " + labels.size() + " labels");
    }
  }

  /** Floating-point operations of one run. */
  public double flops() {
    return calls.stream().mapToDouble(Call::flops).sum();
  }
}
