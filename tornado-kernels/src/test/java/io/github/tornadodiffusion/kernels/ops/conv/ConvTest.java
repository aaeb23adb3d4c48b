package io.github.tornadodiffusion.kernels.ops.conv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Convolution;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Convolution and its gradients against loops in double precision, on shapes that fill the tile and
 * shapes that do not.
 */
class ConvTest {
  private record Shape(
      int n,
      int cin,
      int h,
      int w,
      int cout,
      int kh,
      int kw,
      int stride,
      int top,
      int bottom,
      int left,
      int right) {
    int outH() {
      return (h + top + bottom - kh) / stride + 1;
    }

    int outW() {
      return (w + left + right - kw) / stride + 1;
    }

    Block in() {
      return new Block(0, n, h, w, cin, top, left, bottom, right);
    }

    Block out() {
      return Block.of(0, n, outH(), outW(), cout);
    }

    /**
     * Calls visit(input index, weight index, output index) for every product of the convolution,
     * all in PyTorch's order.
     */
    void products(Visitor visitor) {
      for (int i = 0; i < n; i++) {
        for (int o = 0; o < cout; o++) {
          for (int y = 0; y < outH(); y++) {
            for (int x = 0; x < outW(); x++) {
              for (int c = 0; c < cin; c++) {
                for (int ky = 0; ky < kh; ky++) {
                  for (int kx = 0; kx < kw; kx++) {
                    int sy = y * stride + ky - top;
                    int sx = x * stride + kx - left;
                    if (sy >= 0 && sy < h && sx >= 0 && sx < w) {
                      visitor.visit(
                          ((i * cin + c) * h + sy) * w + sx,
                          ((o * cin + c) * kh + ky) * kw + kx,
                          ((i * cout + o) * outH() + y) * outW() + x);
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private interface Visitor {
    void visit(int input, int weight, int output);
  }

  private static float[] pack(Shape s, float[] oihw) {
    float[] packed = new float[Conv.weightSize(s.kh, s.kw, s.cin, s.cout)];
    for (int i = 0; i < oihw.length; i++) {
      packed[packedIndex(s, i)] = oihw[i];
    }
    return packed;
  }

  private static int packedIndex(Shape s, int i) {
    int kx = i % s.kw;
    int ky = i / s.kw % s.kh;
    int c = i / (s.kw * s.kh) % s.cin;
    int o = i / (s.kw * s.kh * s.cin);
    return (((o / 16 * s.kh + ky) * s.kw + kx) * Block.round16(s.cin) + c) * 16 + o % 16;
  }

  @ParameterizedTest
  @CsvSource({
    "2, 32, 8, 8, 64, 3, 3, 1, 1, 1, 1, 1",
    "1, 3, 32, 32, 32, 3, 3, 1, 1, 1, 1, 1",
    "3, 7, 5, 9, 5, 3, 3, 1, 1, 1, 1, 1",
    "2, 4, 7, 9, 6, 3, 3, 2, 1, 1, 1, 1",
    "2, 16, 8, 8, 48, 3, 3, 2, 0, 1, 0, 1",
    "2, 20, 4, 4, 33, 1, 1, 1, 0, 0, 0, 0",
    "1, 5, 9, 6, 17, 5, 3, 2, 2, 2, 1, 1",
    "9, 40, 1, 1, 24, 1, 1, 1, 0, 0, 0, 0",
    "40, 16, 16, 16, 16, 3, 3, 1, 1, 1, 1, 1",
    "1, 64, 32, 32, 3, 3, 3, 1, 1, 1, 1, 1",
    "1, 33, 13, 11, 40, 3, 3, 1, 1, 1, 1, 1",
    "1, 16, 2, 3, 16, 3, 3, 1, 1, 1, 1, 1",
    "2, 16, 9, 6, 32, 3, 3, 1, 0, 0, 0, 0",
    "24, 32, 32, 32, 96, 3, 3, 1, 1, 1, 1, 1",
  })
  void matchesTheDefinition(
      int n,
      int cin,
      int h,
      int w,
      int cout,
      int kh,
      int kw,
      int stride,
      int top,
      int bottom,
      int left,
      int right) {
    Shape s = new Shape(n, cin, h, w, cout, kh, kw, stride, top, bottom, left, right);
    for (Convolution convolution : TestArena.convolutions()) {
      matchesTheDefinition(convolution, s);
    }
  }

  private static void matchesTheDefinition(Convolution convolution, Shape s) {
    int n = s.n;
    int cin = s.cin;
    int cout = s.cout;
    int kh = s.kh;
    int kw = s.kw;
    int stride = s.stride;
    TestArena arena = new TestArena(1);
    Block in = arena.random(s.in());
    Block gradOut = arena.random(s.out());
    Block residual = arena.random(s.out());
    float[] weights = arena.randoms(cout * cin * kh * kw);
    int packed = arena.put(pack(s, weights));
    Block bias = arena.random(Block.of(0, 1, 1, 1, cout));
    Block perImage = arena.random(Block.of(0, n, 1, 1, cout));
    Block plain = arena.place(s.out());
    Block full = arena.place(s.out());
    int gradWeights = arena.reserve(packedSize(s));

    List<Call> calls = new ArrayList<>();
    calls.add(Conv.forward(in, packed, kh, kw, stride, -1, -1, -1, plain));
    calls.add(
        Conv.forward(
            in, packed, kh, kw, stride, bias.offset(), perImage.offset(), residual.offset(), full));
    calls.add(Conv.weightGradient(in, gradOut, kh, kw, stride, gradWeights, false));
    calls.add(Conv.weightGradient(in, gradOut, kh, kw, stride, gradWeights, true));
    arena.run(convolution, calls);

    double[] x = arena.read(in);
    double[] g = arena.read(gradOut);
    double[] expected = new double[s.out().pixels() * cout];
    double[] expectedWeights = new double[weights.length];
    s.products((i, j, k) -> {
      expected[k] += x[i] * weights[j];
      expectedWeights[j] += 2 * x[i] * g[k];
    });
    assertArrayEquals(expected, arena.read(plain), tolerance(convolution, cin * kh * kw));
    double[] r = arena.read(residual);
    double[] b = arena.read(bias);
    double[] t = arena.read(perImage);
    int outPixels = s.outH() * s.outW();
    for (int k = 0; k < expected.length; k++) {
      int o = k / outPixels % cout;
      expected[k] += r[k] + b[o] + t[k / outPixels / cout * cout + o];
    }
    assertArrayEquals(expected, arena.read(full), tolerance(convolution, cin * kh * kw));
    float[] actual = arena.read(gradWeights, packedSize(s));
    double[] actualWeights = new double[weights.length];
    for (int j = 0; j < weights.length; j++) {
      actualWeights[j] = actual[packedIndex(s, j)];
      actual[packedIndex(s, j)] = 0;
    }
    assertArrayEquals(expectedWeights, actualWeights, tolerance(convolution, n * outPixels));
    assertArrayEquals(new float[actual.length], actual, "padding of the weight gradient");
  }

  @ParameterizedTest
  @CsvSource({
    "2, 32, 8, 8, 64, 3, 3, 1, 1",
    "3, 7, 5, 9, 5, 3, 3, 1, 1",
    "1, 20, 6, 5, 33, 1, 1, 1, 0",
    "2, 5, 6, 7, 18, 5, 5, 1, 2",
    "1, 64, 32, 32, 3, 3, 3, 1, 1"
  })
  void inputGradientIsForwardWithFlippedWeights(
      int n, int cin, int h, int w, int cout, int kh, int kw, int stride, int padding) {
    Shape s = new Shape(n, cin, h, w, cout, kh, kw, stride, padding, padding, padding, padding);
    for (Convolution convolution : TestArena.convolutions()) {
      inputGradientIsForwardWithFlippedWeights(convolution, s);
    }
  }

  private static void inputGradientIsForwardWithFlippedWeights(Convolution convolution, Shape s) {
    int n = s.n;
    int cin = s.cin;
    int h = s.h;
    int w = s.w;
    int cout = s.cout;
    int kh = s.kh;
    int kw = s.kw;
    int padding = s.top;
    TestArena arena = new TestArena(2);
    int back = kh - 1 - padding;
    Block gradOut = arena.random(s.out().bordered(back, back, back, back));
    float[] weights = arena.randoms(cout * cin * kh * kw);
    int packed = arena.put(pack(s, weights));
    Block gradIn = arena.random(Block.of(0, n, h, w, cin));
    double[] before = arena.read(gradIn);
    arena.run(convolution, List.of(Conv.inputGradient(gradOut, packed, kh, kw, true, gradIn)));

    double[] g = arena.read(gradOut);
    s.products((i, j, k) -> before[i] += g[k] * weights[j]);
    assertArrayEquals(before, arena.read(gradIn), tolerance(convolution, cout * kh * kw));
  }

  /** On a device they may be one launch. */
  @Test
  void gradientsInOneProgram() {
    Shape s = new Shape(3, 20, 7, 5, 18, 3, 3, 1, 1, 1, 1, 1);
    TestArena arena = new TestArena(4);
    Block in = arena.random(s.in());
    Block gradOut = arena.random(s.out());
    Block bordered = arena.place(gradOut.bordered(1, 1, 1, 1));
    double[] g = arena.read(gradOut);
    float[] values = new float[g.length];
    for (int i = 0; i < g.length; i++) {
      values[i] = (float) g[i];
    }
    arena.fill(bordered, values);
    float[] weights = arena.randoms(18 * 20 * 9);
    int packed = arena.put(pack(s, weights));
    Block sums = arena.place(Block.of(0, 3, 1, 1, 18));
    Block gradIn = arena.place(Block.of(0, 3, 7, 5, 20));
    int gradWeights = arena.reserve(packedSize(s));
    arena.run(
        Reduce.sumPixels(gradOut, sums.offset()),
        Conv.inputGradient(bordered, packed, 3, 3, false, gradIn),
        Conv.weightGradient(in, gradOut, 3, 3, 1, gradWeights, false));

    double[] x = arena.read(in);
    double[] expectedIn = new double[x.length];
    double[] expectedWeights = new double[weights.length];
    s.products((i, j, k) -> {
      expectedIn[i] += g[k] * weights[j];
      expectedWeights[j] += g[k] * x[i];
    });
    double[] expectedSums = new double[3 * 18];
    for (int i = 0; i < g.length; i++) {
      expectedSums[i / 35] += g[i];
    }
    assertArrayEquals(expectedSums, arena.read(sums), 2e-5);
    assertArrayEquals(expectedIn, arena.read(gradIn), tolerance(Convolution.WINOGRAD, 162));
    float[] gradient = arena.read(gradWeights, packedSize(s));
    for (int i = 0; i < weights.length; i++) {
      assertEquals(
          expectedWeights[i], gradient[packedIndex(s, i)], tolerance(Convolution.WINOGRAD, 105));
    }
  }

  @Test
  void shapesThatDoNotFitAreRejected() {
    Block in = Block.of(16, 1, 8, 8, 4);
    Block out = Block.of(16, 1, 8, 8, 4);
    assertThrows(
        IllegalArgumentException.class, () -> Conv.forward(in, 0, 3, 3, 1, -1, -1, -1, out));
  }

  private static int packedSize(Shape s) {
    return Conv.weightSize(s.kh, s.kw, s.cin, s.cout);
  }

  /** Rounding of a sum of that many products of numbers below one. */
  private static double tolerance(Convolution convolution, int terms) {
    // Winograd's filtering adds terms that are larger than what remains of them.
    return (convolution == Convolution.DIRECT ? 1 : 4) * (1e-7 * terms + 2e-6);
  }
}
