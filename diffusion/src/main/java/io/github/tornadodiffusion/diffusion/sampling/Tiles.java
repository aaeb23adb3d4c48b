package io.github.tornadodiffusion.diffusion.sampling;

import java.util.ArrayList;
import java.util.List;

/**
 * A function of images that is computed tile by tile, with overlaps in which neighbouring tiles are
 * blended, as diffusers' {@code enable_tiling} does: memory follows the tile and not the image, and
 * the result differs a little, because no tile sees beyond itself.
 *
 * @param size of a tile of the input, in pixels
 * @param result the size of what it becomes
 */
record Tiles(int size, int result) {
  /** The fraction of a tile that overlaps with the next. */
  private static final double OVERLAP = 0.25;

  /**
   * An image.
   *
   * @param values of channel after channel, row after row
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  record Image(float[] values, int channels, int h, int w) {
    /** A part of the image; what lies beyond it is left out. */
    Image part(int top, int left, int height, int width) {
      int rows = Math.min(height, h - top);
      int columns = Math.min(width, w - left);
      float[] part = new float[channels * rows * columns];
      for (int row = 0; row < channels * rows; row++) {
        int from = (row / rows * h + top + row % rows) * w + left;
        System.arraycopy(values, from, part, row * columns, columns);
      }
      return new Image(part, channels, rows, columns);
    }

    private int at(int channel, int y, int x) {
      return (channel * h + y) * w + x;
    }
  }

  /** A function of a tile of any size up to a whole one. */
  @FunctionalInterface
  interface Function {
    Image of(Image tile);
  }

  /** The function of an image, of which the result is as many times larger or smaller as tiles. */
  Image apply(Image image, Function function) {
    int step = (int) (size * (1 - OVERLAP));
    int blend = (int) (result * OVERLAP);
    int kept = result - blend;
    List<List<Image>> rows = new ArrayList<>();
    for (int top = 0; top < image.h; top += step) {
      List<Image> row = new ArrayList<>();
      for (int left = 0; left < image.w; left += step) {
        row.add(function.of(image.part(top, left, size, size)));
      }
      rows.add(row);
    }
    int h = extent(rows.stream().map(row -> row.getFirst().h).toList(), kept);
    int w = extent(rows.getFirst().stream().map(Image::w).toList(), kept);
    int channels = rows.getFirst().getFirst().channels;
    Image whole = new Image(new float[channels * h * w], channels, h, w);
    for (int i = 0; i < rows.size(); i++) {
      for (int j = 0; j < rows.get(i).size(); j++) {
        Image tile = rows.get(i).get(j);
        if (i > 0) {
          blendBelow(rows.get(i - 1).get(j), tile, blend);
        }
        if (j > 0) {
          blendBeside(rows.get(i).get(j - 1), tile, blend);
        }
        place(tile.part(0, 0, kept, kept), whole, i * kept, j * kept);
      }
    }
    return whole;
  }

  private static int extent(List<Integer> tiles, int kept) {
    return tiles.stream().mapToInt(tile -> Math.min(tile, kept)).sum();
  }

  private static void blendBelow(Image above, Image tile, int blend) {
    int extent = Math.min(blend, Math.min(above.h, tile.h));
    for (int c = 0; c < tile.channels; c++) {
      for (int y = 0; y < extent; y++) {
        for (int x = 0; x < tile.w; x++) {
          mix(above, above.at(c, above.h - extent + y, x), tile, tile.at(c, y, x), y, extent);
        }
      }
    }
  }

  private static void blendBeside(Image before, Image tile, int blend) {
    int extent = Math.min(blend, Math.min(before.w, tile.w));
    for (int c = 0; c < tile.channels; c++) {
      for (int y = 0; y < tile.h; y++) {
        for (int x = 0; x < extent; x++) {
          mix(before, before.at(c, y, before.w - extent + x), tile, tile.at(c, y, x), x, extent);
        }
      }
    }
  }

  private static void mix(Image from, int source, Image to, int target, int step, int extent) {
    double share = (double) step / extent;
    to.values[target] = (float) (from.values[source] * (1 - share) + to.values[target] * share);
  }

  private static void place(Image tile, Image whole, int top, int left) {
    for (int row = 0; row < tile.channels * tile.h; row++) {
      int to = whole.at(row / tile.h, top + row % tile.h, left);
      System.arraycopy(tile.values, row * tile.w, whole.values, to, tile.w);
    }
  }
}
