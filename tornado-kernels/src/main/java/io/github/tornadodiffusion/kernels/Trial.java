package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.function.Supplier;

/**
 * Calls on small data of their own, on which two devices must agree; see {@link Engine#prove}.
 *
 * @param label the layer that the calls belong to, for messages
 * @param calls in order; what one writes the next may read
 * @param floats length of the arena that they work on
 * @param scratch ranges of it whose content after a call has no meaning and is not compared
 * @param content makes the content of the arena before the first call, which starts with 16 zeros
 */
public record Trial(
    String label,
    List<Call> calls,
    int floats,
    List<Program.Range> scratch,
    Supplier<float[]> content) {
  /** Copies the list of calls. */
  public Trial {
    calls = List.copyOf(calls);
  }
}
