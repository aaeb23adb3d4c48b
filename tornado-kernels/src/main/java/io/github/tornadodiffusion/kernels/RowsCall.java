package io.github.tornadodiffusion.kernels;

import io.github.tornadodiffusion.kernels.CallOracle.Element;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/** For oracles: a call that writes a block row by row, with the descriptor of {@link Rows}. */
public record RowsCall(int[] d) {
  /** An element within the border. */
  public record Place(int i, int image, int y, int x) {}

  /** Adds the terms of an element within the border. */
  @FunctionalInterface
  public interface Inner {
    /** Adds the terms, when the arena holds {@code before}. */
    void add(Place place, Arena before, Terms sum);
  }

  /** The descriptor of a call. */
  public static RowsCall of(Call call) {
    return new RowsCall(call.descriptor());
  }

  /** Rows without border. */
  public int h() {
    return d[Rows.H];
  }

  /** Floats of a row without border. */
  public int rowFloats() {
    return d[Rows.LENGTH];
  }

  /** The index in the arena of the same element of an input. */
  public int in(int block, Place place) {
    return in(block, place.image, place.y, place.x);
  }

  /**
   * The index in the arena of a float of an input, given its image, its row and its position in the
   * row.
   */
  public int in(int block, int image, int y, int x) {
    int step = block * Rows.PER_INPUT;
    return d[Rows.IN + step] + image * d[Rows.IN_IMAGE + step] + y * d[Rows.IN_ROW + step] + x;
  }

  /** The output with a border of zeros. */
  public Expectation expect(Inner inner) {
    return expect("", inner);
  }

  /**
   * The output with a border of zeros.
   *
   * @param detail added to the description of the shape
   */
  public Expectation expect(String detail, Inner inner) {
    int rows = d[Rows.ROWS];
    int pitch = d[Rows.PITCH];
    int out = d[Rows.OUT];
    boolean accumulate = d[Rows.ACCUMULATE] != 0;
    String border = rows * pitch == h() * rowFloats() ? "" : ", border";
    String added = accumulate ? ", added" : "";
    int images = d[Rows.BOUND] / rows;
    String shape = "%s%d rows of %d".formatted(images == 1 ? "" : images + "x", h(), rowFloats());
    Element element =
        (i, before, sum) -> {
          int row = i / pitch;
          int y = row % rows - d[Rows.TOP];
          Place place = new Place(i, row / rows, y, i % pitch - d[Rows.LEFT]);
          boolean inside = place.y >= 0 && place.y < h() && place.x >= 0 && place.x < rowFloats();
          if (inside) {
            inner.add(place, before, sum);
            sum.add(accumulate ? before.at(out + i) : 0);
          }
        };
    return new Expectation(
        shape + detail + border + added, Region.at(out, d[Rows.BOUND] * pitch, element));
  }
}
