package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Call;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/** The steps of a program in order, on buffers that have no place yet. */
public final class Steps {
  private final List<Step> steps = new ArrayList<>();

  /** Adds one call that touches {@code uses}; nulls among them are left out. */
  public void add(String label, Function<Step.Offsets, Call> call, Stored... uses) {
    addAll(label, offsets -> List.of(call.apply(offsets)), uses);
  }

  /** Adds calls that touch {@code uses}; nulls among them are left out. */
  public void addAll(String label, Function<Step.Offsets, List<Call>> calls, Stored... uses) {
    List<Buffer> buffers =
        Arrays.stream(uses).filter(Objects::nonNull).map(Stored::buffer).distinct().toList();
    steps.add(new Step(label, buffers, calls));
  }

  /** Keeps what the host reads after the run: nothing may take its place. */
  public void keep(Stored output) {
    addAll("output", offsets -> List.of(), output);
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
