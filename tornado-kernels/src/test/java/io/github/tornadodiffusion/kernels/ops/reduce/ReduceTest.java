package io.github.tornadodiffusion.kernels.ops.reduce;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReduceTest {
  private TestArena arena = new TestArena(3);

  static List<Block> borderedShapes() {
    return Naive.borderedShapes();
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void sumPixels(Block shape) {
    Block x = arena.random(shape);
    Block sums = arena.place(Block.of(0, x.n(), 1, 1, x.c()));
    Naive vx = Naive.of(x, arena.read(x));
    double[] expected =
        Naive.values(
            sums,
            (n, c, i, j) -> {
              double total = 0;
              for (int y = 0; y < x.h(); y++) {
                for (int z = 0; z < x.w(); z++) {
                  total += vx.at(n, c, y, z);
                }
              }
              return total;
            });
    arena.run(Reduce.sumPixels(x, sums.offset()));
    Naive.assertClose(expected, arena.read(sums), 2e-6);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 64})
  void sumRows(int n) {
    for (int c : new int[] {3, 16, 40}) {
      arena = new TestArena(c); // an arena runs once
      Block rows = arena.random(Block.of(0, n, 1, 1, c));
      Block sum = arena.place(Block.of(0, 1, 1, 1, c));
      Block total = arena.random(sum);
      Naive vr = Naive.of(rows, arena.read(rows));
      double[] before = arena.read(total);
      double[] expected =
          Naive.values(
              sum,
              (image, k, i, j) -> {
                double s = 0;
                for (int row = 0; row < n; row++) {
                  s += vr.at(row, k, 0, 0);
                }
                return s;
              });
      arena.run(
          Reduce.sumRows(rows.offset(), n, rows.stride(), sum.offset(), false),
          Reduce.sumRows(rows.offset(), n, rows.stride(), total.offset(), true));
      Naive.assertClose(expected, arena.read(sum), 2e-6);
      for (int k = 0; k < c; k++) {
        before[k] += expected[k];
      }
      Naive.assertClose(before, arena.read(total), 2e-6);
    }
  }

  @Test
  void severalSumsOfRowsInOneLaunch() {
    List<Reduce.RowSum> sums = new ArrayList<>();
    List<Block> outs = new ArrayList<>();
    List<double[]> expected = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      Block rows = arena.random(Block.of(0, 1 + i % 3, 1, 1, 16 * (1 + i * i % 5)));
      Block out = arena.random(Block.of(0, 1, 1, 1, rows.c()));
      double[] of = arena.read(rows);
      double[] sum = i % 2 == 0 ? new double[rows.c()] : arena.read(out);
      for (int k = 0; k < of.length; k++) {
        sum[k % rows.c()] += of[k];
      }
      sums.add(new Reduce.RowSum(rows.offset(), rows.n(), rows.c(), out.offset(), i % 2 != 0));
      outs.add(out);
      expected.add(sum);
    }
    arena.run(Reduce.sumRows(sums));
    for (int i = 0; i < outs.size(); i++) {
      Naive.assertClose(expected.get(i), arena.read(outs.get(i)), 2e-6);
    }
  }

  @Test
  void unalignedLengthIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Reduce.sumRows(0, 2, 15, 16, false));
  }
}
