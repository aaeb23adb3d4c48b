package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.distributed.TreeSum;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.RecordedProgram.Part;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A part of the forward and backward pass with the gradients that are complete when it has run:
 * those of a model's last layers are ready first, and can be sent while the rest is computed.
 *
 * @param ranges of the trained parameters, in order and apart
 */
record GradientPiece(Part program, List<TreeSum.Range> ranges) {

  /**
   * Cuts the passes into pieces with about as many gradients each.
   *
   * @param whole the passes
   * @param most pieces
   */
  static List<GradientPiece> of(Steps steps, Part whole, Buffer gradients, int most) {
    // A range may be added to by several steps: the last one completes it.
    SortedMap<Integer, Write> writes = new TreeMap<>();
    for (int at = whole.from(); at < whole.to(); at++) {
      for (TreeSum.Range range : written(steps.list().get(at), gradients)) {
        writes.put(range.from(), new Write(range, at));
      }
    }
    List<GradientPiece> pieces = new ArrayList<>();
    int from = whole.from();
    long floats = 0;
    for (int step = whole.from(); step < whole.to(); step++) {
      int last = step;
      floats +=
          writes.values().stream()
              .filter(write -> write.step == last)
              .mapToInt(write -> write.range.length())
              .sum();
      boolean full = floats * most >= (pieces.size() + 1L) * gradients.floats();
      if (full && pieces.size() + 1 < most || step + 1 == whole.to()) {
        pieces.add(piece(whole, writes, gradients, from, step + 1, pieces.size()));
        from = step + 1;
      }
    }
    return pieces;
  }

  /** A step that writes, or adds to, a range. */
  private record Write(TreeSum.Range range, int step) {}

  private static List<TreeSum.Range> written(Step step, Buffer gradients) {
    List<TreeSum.Range> ranges = new ArrayList<>();
    var _ =
        step.calls()
            .apply(stored -> {
              if (stored != null && stored.buffer() == gradients) {
                ranges.add(range(stored));
              }
              return stored == null ? -1 : 16;
            });
    return ranges;
  }

  private static TreeSum.Range range(Stored stored) {
    return new TreeSum.Range(stored.start(), stored.start() + stored.floats());
  }

  private static GradientPiece piece(
      Part whole,
      SortedMap<Integer, Write> writes,
      Buffer gradients,
      int from,
      int to,
      int number) {
    boolean last = to == whole.to();
    List<TreeSum.Range> ranges = new ArrayList<>();
    int gap = 0;
    for (Write write : writes.values()) {
      // Padding that no step writes, and parameters without a gradient, go with the last piece.
      if (last && write.range.from() > gap) {
        append(ranges, new TreeSum.Range(gap, write.range.from()));
      }
      gap = write.range.to();
      if (write.step >= from && write.step < to) {
        append(ranges, write.range);
      }
    }
    if (last && gap < gradients.floats()) {
      append(ranges, new TreeSum.Range(gap, gradients.floats()));
    }
    List<Buffer> outputs = new ArrayList<>(last ? whole.outputs() : List.of());
    outputs.add(gradients);
    Part program =
        new Part(
            "gradients " + (number + 1),
            from,
            to,
            number == 0 ? whole.inputs() : List.of(),
            outputs);
    return new GradientPiece(program, ranges);
  }

  private static void append(List<TreeSum.Range> ranges, TreeSum.Range range) {
    if (!ranges.isEmpty() && ranges.getLast().to() == range.from()) {
      ranges.add(new TreeSum.Range(ranges.removeLast().from(), range.to()));
    } else {
      ranges.add(range);
    }
  }

  /** How many gradients there are. */
  int floats() {
    return ranges.stream().mapToInt(TreeSum.Range::length).sum();
  }
}
