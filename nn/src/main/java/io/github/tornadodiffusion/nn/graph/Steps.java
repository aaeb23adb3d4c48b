package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Call;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** The steps of a program in order, on buffers that have no place yet. */
public final class Steps {
  private final List<Step> steps = new ArrayList<>();

  /** Adds one call; what it touches is what it asks the place of. */
  public void add(String label, Function<Step.Offsets, Call> call) {
    addAll(label, offsets -> List.of(call.apply(offsets)));
  }

  /** Adds calls that belong together; what they touch is what they ask the place of. */
  public void addAll(String label, Function<Step.Offsets, List<Call>> calls) {
    Set<Buffer> uses = new LinkedHashSet<>();
    var _ = calls.apply(stored -> use(stored, uses));
    steps.add(new Step(label, List.copyOf(uses), calls));
  }

  /** An offset that only tells a place from none. */
  private static int use(Stored stored, Set<Buffer> uses) {
    if (stored == null) {
      return -1;
    }
    uses.add(stored.buffer());
    return 16 * uses.size();
  }

  /** Keeps what the host reads after the run: nothing may take its place. */
  public void keep(Stored output) {
    steps.add(new Step("output", List.of(output.buffer()), offsets -> List.of()));
  }

  /** How many there are so far: where the next one will stand. */
  public int size() {
    return steps.size();
  }

  /** All of them in order. */
  public List<Step> list() {
    return Collections.unmodifiableList(steps);
  }
}
