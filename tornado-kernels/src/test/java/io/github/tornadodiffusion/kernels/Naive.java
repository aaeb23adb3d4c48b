package io.github.tornadodiffusion.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;

/**
 * Tensors as functions of image, channel, row and column, for oracles that read like their
 * equation.
 */
public interface Naive {
  double at(int n, int c, int y, int x);

  /** Values in NCHW order as a function; b tells the shape. */
  static Naive of(Block b, double[] nchw) {
    return (n, c, y, x) -> nchw[((n * b.c() + c) * b.h() + y) * b.w() + x];
  }

  /** A function's values in NCHW order, of b's shape. */
  static double[] values(Block b, Naive f) {
    double[] nchw = new double[b.pixels() * b.c()];
    int i = 0;
    for (int n = 0; n < b.n(); n++) {
      for (int c = 0; c < b.c(); c++) {
        for (int y = 0; y < b.h(); y++) {
          for (int x = 0; x < b.w(); x++) {
            nchw[i++] = f.at(n, c, y, x);
          }
        }
      }
    }
    return nchw;
  }

  /** Fails where an element differs by more than tolerance * (1 + |expected|). */
  static void assertClose(double[] expected, double[] actual, double tolerance) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(expected[i] - actual[i]);
      int at = i;
      assertTrue(
          error <= tolerance * (1 + Math.abs(expected[i])),
          () -> "element " + at + ": expected " + expected[at] + ", was " + actual[at]);
    }
  }

  /** Blocks without border of many channel counts and sizes, odd ones and large ones among them. */
  static List<Block> shapes() {
    List<Block> shapes = new ArrayList<>();
    for (int c : new int[] {1, 3, 4, 5, 7, 16, 17, 33, 64}) {
      shapes.add(Block.of(0, 2, 3, 5, c));
      shapes.add(Block.of(0, 1, 1, 1, c));
    }
    shapes.add(Block.of(0, 3, 16, 16, 20)); // rows that are joined and shared
    shapes.add(Block.of(0, 1, 1, 96, 400)); // a row that is split
    return shapes;
  }

  /** The same with an asymmetric border. */
  static List<Block> borderedShapes() {
    List<Block> shapes = new ArrayList<>();
    for (Block b : shapes()) {
      shapes.add(b);
      shapes.add(b.bordered(1, 1, 1, 1));
      shapes.add(b.bordered(0, 2, 3, 1));
    }
    return shapes;
  }
}
