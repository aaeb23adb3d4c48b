package io.github.tornadodiffusion.kernels.ops.product;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.TestArena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrix products against loops in double precision. */
class MatMulTest {
  @ParameterizedTest
  @CsvSource({
    "1, 64, 64, 64, false, false",
    "2, 40, 33, 17, true, false",
    "3, 7, 5, 9, false, true",
    "2, 13, 48, 20, true, true",
    "1, 1, 1, 1, false, false",
    "5, 8, 16, 3, false, true",
  })
  void matchesTheDefinition(
      int batch, int m, int n, int k, boolean transposeA, boolean transposeB) {
    TestArena arena = new TestArena(3);
    // A row-major matrix is a block of one row of pixels: [batch, 1, rows, columns].
    Block a = arena.random(transposeA ? Block.of(0, batch, 1, k, m) : Block.of(0, batch, 1, m, k));
    Block b = arena.random(transposeB ? Block.of(0, batch, 1, n, k) : Block.of(0, batch, 1, k, n));
    Block c = arena.place(Block.of(0, batch, 1, m, n));
    int scratch = arena.reserve(MatMul.scratch(batch, n, k));
    arena.run(
        MatMul.multiply(
            batch, m, n, k, a.offset(), transposeA, b.offset(), transposeB, c.offset(), scratch));

    // TestArena reads channels first: element (row, column) of matrix i is at (i * columns +
    // column) * rows + row.
    double[] x = arena.read(a);
    double[] y = arena.read(b);
    double[] expected = new double[batch * m * n];
    for (int i = 0; i < batch; i++) {
      for (int r = 0; r < m; r++) {
        for (int o = 0; o < n; o++) {
          for (int q = 0; q < k; q++) {
            double left = x[transposeA ? (i * m + r) * k + q : (i * k + q) * m + r];
            double right = y[transposeB ? (i * k + q) * n + o : (i * n + o) * k + q];
            expected[(i * n + o) * m + r] += left * right;
          }
        }
      }
    }
    assertArrayEquals(expected, arena.read(c), 1e-7 * k + 1e-6);
  }
}
