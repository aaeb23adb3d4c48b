package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Steps of a program as trials for {@link Engine#prove}: each with an arena of its own that holds
 * nothing but what the step touches, filled with random numbers.
 */
public final class Trials {
  /** Images in a trial: two, so that the distance between images matters. */
  public static final int BATCH = 2;

  private static final int ZEROS = 16;

  private Trials() {}

  /**
   * Makes a trial of every step that computes.
   *
   * @param constants buffers whose content is known
   */
  public static List<Trial> of(List<Step> steps, Map<Buffer, float[]> constants) {
    List<Trial> trials = new ArrayList<>();
    for (Step step : steps) {
      Layout layout = new Layout();
      List<Call> calls = step.calls().apply(layout);
      if (!calls.isEmpty()) {
        trials.add(
            new Trial(
                step.label(), calls, layout.end, layout.scratch(), () -> layout.fill(constants)));
      }
    }
    return trials;
  }

  /** Places buffers one after another as their offsets are asked for. */
  private static final class Layout implements Step.Offsets {
    private final Map<Place, Integer> offsets = new LinkedHashMap<>();
    private final Map<Place, Block> blocks = new HashMap<>();
    private int end = ZEROS;

    private record Place(Buffer buffer, int start, int floats) {
      static Place of(Stored stored) {
        return new Place(stored.buffer(), stored.start(), stored.floats());
      }
    }

    @Override
    public int of(Stored stored) {
      if (stored == null) {
        return -1;
      }
      Integer known = offsets.get(Place.of(stored));
      if (known != null) {
        return known;
      }
      int offset = end;
      offsets.put(Place.of(stored), offset);
      end = Math.addExact(end, Block.round16(stored.floats()));
      return offset;
    }

    @Override
    public Block block(Tensor tensor) {
      blocks.put(Place.of(tensor), tensor.shape());
      return Step.Offsets.super.block(tensor);
    }

    List<Program.Range> scratch() {
      List<Program.Range> ranges = new ArrayList<>();
      offsets.forEach((place, offset) -> {
        if (place.buffer.isScratch()) {
          ranges.add(new Program.Range(offset, place.floats));
        }
      });
      return ranges;
    }

    /**
     * The arena's content; the borders and padding lanes of blocks are zeros, as kernels expect.
     */
    float[] fill(Map<Buffer, float[]> constants) {
      float[] arena = new float[end];
      SplittableRandom random = new SplittableRandom(1);
      offsets.forEach((place, offset) -> {
        float[] constant = constants.get(place.buffer);
        if (constant != null) {
          System.arraycopy(constant, place.start, arena, offset, place.floats);
          return;
        }
        Block block = blocks.get(place);
        for (int i = 0; i < place.floats; i++) {
          if (block == null || isElement(block, i)) {
            arena[offset + i] = (float) (2 * random.nextDouble() - 1);
          }
        }
      });
      return arena;
    }

    private static boolean isElement(Block b, int i) {
      int x = i / b.stride() % b.columns() - b.left();
      int y = i / b.stride() / b.columns() % b.rows() - b.top();
      return i < b.size() && i % b.stride() < b.c() && x >= 0 && x < b.w() && y >= 0 && y < b.h();
    }
  }
}
