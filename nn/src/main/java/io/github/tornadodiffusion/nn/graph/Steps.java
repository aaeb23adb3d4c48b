package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Call;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** The steps of a program in order, on buffers that have no offsets yet. */
public final class Steps {
  private final List<Step> steps = new ArrayList<>();

  /** Adds one call. The buffers that it uses are those whose offsets it asks for. */
  public void add(String label, Function<Step.Offsets, Call> call) {
    addAll(label, offsets -> List.of(call.apply(offsets)));
  }

  /**
   * Adds calls that belong together. The buffers that they use are those whose offsets they ask
   * for.
   */
  public void addAll(String label, Function<Step.Offsets, List<Call>> calls) {
    Set<Buffer> uses = new LinkedHashSet<>();
    var _ = calls.apply(stored -> use(stored, uses));
    steps.add(new Step(label, List.copyOf(uses), calls));
  }

  /** A provisional offset, which only shows whether there is a buffer. */
  private static int use(Stored stored, Set<Buffer> uses) {
    if (stored == null) {
      return -1;
    }
    uses.add(stored.buffer());
    return 16 * uses.size();
  }

  /** Keeps what the host reads after the run: its memory is not reused. */
  public void keep(Stored output) {
    steps.add(new Step("output", List.of(output.buffer()), offsets -> List.of()));
  }

  /** How many there are so far, which is the index of the next one. */
  public int size() {
    return steps.size();
  }

  /** All of them in order. */
  public List<Step> list() {
    return Collections.unmodifiableList(steps);
  }
}
