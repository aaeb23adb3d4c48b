package io.github.tornadodiffusion.kernels;

import io.github.tornadodiffusion.kernels.CallOracle.Element;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/**
 * The descriptor of a call that writes a block row by row, border included: 0 rows of all images
 * with border, 1 rows of an image with border, 2 border above, 3 rows without border; 4 to 6 floats
 * of the border on the left, of the pixels between and of the whole row; 7 offset, 8 whether to add
 * to what is there. Then offset of the first pixel, floats from row to row and from image to image
 * for each block that is read, then what the kernel adds.
 */
public record RowsCall(int[] d) {
  /** An element within the border. */
  public record Place(int i, int image, int y, int x) {}

  /** Adds the terms of an element within the border. */
  @FunctionalInterface
  public interface Inner {
    void add(Place place, Arena before, Terms sum);
  }

  public static RowsCall of(Call call) {
    return new RowsCall(call.descriptor());
  }

  /** Rows without border. */
  public int h() {
    return d[3];
  }

  /** Floats of a row without border. */
  public int rowFloats() {
    return d[5];
  }

  /** Where in the arena the element of the same image, row and place in the row of a block lies. */
  public int in(int block, Place place) {
    return in(block, place.image, place.y, place.x);
  }

  /** Where in the arena a float of a row of a block that is read lies. */
  public int in(int block, int image, int y, int x) {
    int at = 9 + 3 * block;
    return d[at] + image * d[at + 2] + y * d[at + 1] + x;
  }

  /** The output with a border of zeros. */
  public Expectation expect(Inner inner) {
    return expect("", inner);
  }

  /**
   * The output with a border of zeros.
   *
   * @param detail for the shape
   */
  public Expectation expect(String detail, Inner inner) {
    String border = d[1] * d[6] == h() * rowFloats() ? "" : ", border";
    String added = d[8] == 0 ? "" : ", added";
    int images = d[0] / d[1];
    String shape = "%s%d rows of %d".formatted(images == 1 ? "" : images + "x", h(), rowFloats());
    Element element =
        (i, before, sum) -> {
          int row = i / d[6];
          Place place = new Place(i, row / d[1], row % d[1] - d[2], i % d[6] - d[4]);
          boolean inside = place.y >= 0 && place.y < h() && place.x >= 0 && place.x < rowFloats();
          if (inside) {
            inner.add(place, before, sum);
            sum.add(d[8] == 0 ? 0 : before.at(d[7] + i));
          }
        };
    return new Expectation(shape + detail + border + added, Region.at(d[7], d[0] * d[6], element));
  }
}
