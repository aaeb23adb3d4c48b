package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Program;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Places buffers in one arena. Persistent buffers come first and share no memory. Every other
 * buffer lives from the first to the last step that uses it, and buffers that never live at the
 * same time may share memory: the largest are placed first, each in the smallest gap that fits
 * (greedy by size, Pisarchyk and Lee 2020).
 */
public final class MemoryPlan {
  /**
   * The arena starts with zeros, which convolutions without bias read and which are never written.
   */
  private static final int ZEROS = 16;

  private final List<Step> steps;
  private final Map<Buffer, Integer> offsets = new LinkedHashMap<>();
  private final int floats;

  private record Life(Buffer buffer, int first, int last) {
    boolean overlaps(Life other) {
      return first <= other.last && other.first <= last;
    }
  }

  private record Placed(Life life, long offset) {
    long end() {
      return offset + life.buffer.floats();
    }
  }

  /**
   * Plans the memory of a program.
   *
   * @param persistent buffers in the order in which they are placed, whether a step uses them or
   *     not
   * @throws IllegalArgumentException if the arena would exceed what an index can address
   */
  public MemoryPlan(List<Step> steps, List<Buffer> persistent) {
    this.steps = List.copyOf(steps);
    Set<Buffer> first = new LinkedHashSet<>(persistent);
    steps.forEach(s -> s.uses().stream().filter(Buffer::isPersistent).forEach(first::add));
    long end = ZEROS;
    for (Buffer buffer : first) {
      put(buffer, end);
      end += buffer.floats();
    }
    long base = end;
    List<Placed> placed = new ArrayList<>();
    for (Life life : lives()) {
      long offset = bestFit(life, placed, base);
      Placed place = new Placed(life, offset);
      placed.add(place);
      put(life.buffer, offset);
      end = Math.max(end, place.end());
    }
    floats = check(end);
  }

  /** Length of the arena. */
  public int floats() {
    return floats;
  }

  /**
   * Whether the buffer has a place: constants that only an unused backward pass reads have none.
   */
  boolean places(Buffer buffer) {
    return offsets.containsKey(buffer);
  }

  /** The buffer's first float in the arena. */
  int offset(Buffer buffer) {
    Integer offset = offsets.get(buffer);
    if (offset == null) {
      throw new IllegalStateException("No step uses " + buffer);
    }
    return offset;
  }

  /** The whole buffer as a range of the arena. */
  Program.Range range(Buffer buffer) {
    return new Program.Range(offset(buffer), buffer.floats());
  }

  /** Builds the calls of the steps {@code from .. to - 1}. */
  public Program program(String name, int from, int to, List<Buffer> inputs, List<Buffer> outputs) {
    List<Call> calls = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    for (Step step : steps.subList(from, to)) {
      for (Call call : step.calls().apply(stored -> declared(step, stored))) {
        calls.add(call);
        labels.add(step.label());
      }
    }
    return new Program(
        name,
        calls,
        labels,
        inputs.stream().map(this::range).toList(),
        outputs.stream().map(this::range).toList());
  }

  private int declared(Step step, Stored stored) {
    if (stored == null) {
      return -1;
    }
    if (!step.uses().contains(stored.buffer())) {
      throw new IllegalStateException(
          "%s uses %s without having declared it".formatted(step.label(), stored.buffer()));
    }
    return offset(stored.buffer()) + stored.start();
  }

  private List<Life> lives() {
    Map<Buffer, Life> lives = new LinkedHashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      for (Buffer buffer : steps.get(i).uses()) {
        if (!buffer.isPersistent()) {
          Life earlier = lives.get(buffer);
          lives.put(buffer, new Life(buffer, earlier == null ? i : earlier.first, i));
        }
      }
    }
    Comparator<Life> largestFirst = Comparator.comparingInt(l -> -l.buffer.floats());
    return lives.values().stream().sorted(largestFirst).toList();
  }

  private static long bestFit(Life life, List<Placed> placed, long base) {
    List<Placed> others =
        placed.stream()
            .filter(p -> p.life.overlaps(life))
            .sorted(Comparator.comparingLong(Placed::offset))
            .toList();
    int size = life.buffer.floats();
    long best = -1;
    long bestGap = Long.MAX_VALUE;
    long end = base;
    for (Placed other : others) {
      long gap = other.offset - end;
      if (gap >= size && gap < bestGap) {
        best = end;
        bestGap = gap;
      }
      end = Math.max(end, other.end());
    }
    return best >= 0 ? best : end;
  }

  private void put(Buffer buffer, long offset) {
    offsets.put(buffer, check(offset));
  }

  private static int check(long floats) {
    if (floats > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException(
          "The model needs more than %d MiB in one arena, which is the limit: use a smaller batch"
              .formatted((Integer.MAX_VALUE - 16L) * 4 >> 20));
    }
    return (int) floats;
  }
}
