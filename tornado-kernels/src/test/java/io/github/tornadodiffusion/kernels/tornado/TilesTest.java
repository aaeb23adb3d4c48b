package io.github.tornadodiffusion.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.OwnKernels;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.WorkGroup;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.conv.Conv;
import io.github.tornadodiffusion.kernels.ops.product.MatMul;
import io.github.tornadodiffusion.kernels.ops.product.ProductTile;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.IntInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;

/** What is known of the variants for work groups without a device. */
class TilesTest {
  /** Bytes of the local arrays that a method takes, and the methods of its class that it calls. */
  private static int localBytes(ClassNode owner, String name) {
    MethodNode method =
        owner.methods.stream().filter(m -> m.name.equals(name)).findFirst().orElseThrow();
    int bytes = 0;
    for (AbstractInsnNode code : method.instructions) {
      if (code instanceof MethodInsnNode call) {
        if (call.owner.equals(owner.name)) {
          bytes += localBytes(owner, call.name);
        } else if (call.name.startsWith("allocate")) {
          assertTrue(call.name.matches("allocate(Int|Float)LocalArray"), call.name);
          bytes += 4 * ((IntInsnNode) call.getPrevious()).operand;
        }
      }
    }
    return bytes;
  }

  @Test
  void localMemoryIsWhatTheKernelsTake() {
    for (Kernel kernel : OwnKernels.tiles()) {
      int bytes = localBytes(KernelCode.read(kernel.owner()), kernel.method());
      assertEquals(new WorkGroup(Tiles.THREADS, bytes), kernel.workGroup().get(), kernel.id());
      // What every GPU has.
      assertTrue(bytes <= 32 * 1024, kernel.id());
    }
  }

  /** TornadoVM addresses local memory wrongly in a method that gets it as an argument. */
  @Test
  void localMemoryStaysInTheMethodThatTakesIt() {
    Set<Class<?>> owners = new HashSet<>();
    OwnKernels.tiles().forEach(kernel -> owners.add(kernel.owner()));
    for (Class<?> owner : owners) {
      for (MethodNode method : KernelCode.read(owner).methods) {
        List<Type> types = new ArrayList<>(List.of(Type.getArgumentTypes(method.desc)));
        types.add(Type.getReturnType(method.desc));
        assertFalse(
            types.stream().anyMatch(type -> type.getSort() == Type.ARRAY),
            owner.getName() + "." + method.name);
        for (AbstractInsnNode code : method.instructions) {
          assertFalse(code.getOpcode() == Opcodes.PUTSTATIC, owner.getName() + "." + method.name);
        }
      }
    }
  }

  @Test
  void callsWithoutAVariantStayWhatTheyAre() {
    Call silu = Activation.SILU.forward(Block.of(16, 1, 4, 4, 8), Block.of(512, 1, 4, 4, 8));
    assertSame(silu, Variants.TILES.of(silu, 0).getFirst());
    assertTrue(silu.kernel().workGroup().isEmpty());
  }

  @Test
  void aVariantKeepsWhatACallIsMeasuredBy() {
    Block x = Block.of(16, 2, 8, 8, 16);
    Call call = Conv.forward(x, 0, 1, 1, 1, -1, -1, -1, x.at(4096));
    Call variant = Variants.TILES.of(call, 0).getFirst();
    assertTrue(variant.kernel().workGroup().isPresent());
    assertEquals(call.flops(), variant.flops());
    assertEquals(call.bytes(), variant.bytes());
    Program program =
        new Program("p", List.of(call, call), List.of("a", "b"), List.of(), List.of());
    Program tiled = Variants.TILES.of(program, 0).program();
    assertEquals(program.labels(), tiled.labels());
    assertEquals(variant.kernel(), tiled.calls().getLast().kernel());
  }

  /** Computes by the descriptor of {@link ProductTile}, element by element. */
  private static void product(float[] m, int[] p) {
    for (int batch = 0; batch < p[ProductTile.BATCHES]; batch++) {
      int depth =
          p[batch == p[ProductTile.BATCHES] - 1 ? ProductTile.LAST_DEPTH : ProductTile.DEPTH];
      for (int row = 0; row < p[ProductTile.ROWS]; row++) {
        for (int column = 0; column < p[ProductTile.COLUMNS]; column++) {
          int panel = column / 16;
          int lane = column % 16;
          double sum =
              m[
                  p[ProductTile.START]
                      + row * p[ProductTile.START_ROW]
                      + panel * p[ProductTile.START_PANEL]
                      + lane * p[ProductTile.START_COLUMN]];
          for (int k = 0; k < depth; k++) {
            int left =
                p[ProductTile.LEFT]
                    + batch * p[ProductTile.LEFT_BATCH]
                    + place(p, ProductTile.LEFT_ROW, row)
                    + place(p, ProductTile.LEFT_STEP, k);
            int right =
                p[ProductTile.RIGHT]
                    + batch * p[ProductTile.RIGHT_BATCH]
                    + place(p, ProductTile.RIGHT_STEP, k)
                    + panel * p[ProductTile.RIGHT_PANEL]
                    + lane * p[ProductTile.RIGHT_COLUMN];
            sum += p[ProductTile.LEFT] < 0 ? m[right] : (double) m[left] * m[right];
          }
          if (p[ProductTile.ADDED] >= 0) {
            sum += m[p[ProductTile.ADDED] + column];
          }
          if (p[ProductTile.SHARED] >= 0) {
            int shared = row / p[ProductTile.SHARED_ROWS] * p[ProductTile.COLUMNS];
            sum += m[p[ProductTile.SHARED] + shared + column];
          }
          int out =
              p[ProductTile.OUT]
                  + batch * p[ProductTile.OUT_BATCH]
                  + row * p[ProductTile.OUT_ROW]
                  + panel * p[ProductTile.OUT_PANEL]
                  + lane;
          m[out] = (float) sum;
        }
      }
    }
  }

  private static int place(int[] p, int at, int i) {
    int rest = i / p[at];
    int n1 = p[at + ProductTile.N1];
    return i % p[at] * p[at + ProductTile.S0]
        + rest % n1 * p[at + ProductTile.S1]
        + rest / n1 * p[at + ProductTile.S2];
  }

  /** Runs calls on the jvm engine, and the products they translate to in plain Java. */
  private static void assertSameResults(TestArena arena, List<Call> calls, int floats) {
    float[] expected;
    float[] actual;
    try (JvmEngine jvm = new JvmEngine(1)) {
      arena.run(jvm, List.of());
      actual = arena.read(0, floats);
      arena.run(jvm, calls);
      expected = arena.read(0, floats);
    }
    for (Call call : calls) {
      Call variant = Variants.TILES.of(call, 0).getFirst();
      assertEquals(ProductTile.KERNEL, variant.kernel());
      assertEquals(1, variant.descriptor()[ProductTile.COUNT]);
      product(actual, variant.descriptor());
    }
    for (int i = 0; i < floats; i++) {
      assertEquals(expected[i], actual[i], 1e-4f * (1 + Math.abs(expected[i])));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // n, cin, h, w, cout, kernel, stride, padding
    "2, 7, 5, 6, 20, 3, 1, 1",
    "3, 4, 7, 9, 6, 3, 2, 1",
    "2, 20, 4, 3, 33, 1, 1, 0",
    "1, 5, 9, 6, 17, 5, 2, 2",
  })
  void convolutionsAreProducts(
      int n, int cin, int h, int w, int cout, int kernel, int stride, int padding) {
    TestArena arena = new TestArena(7);
    Block in = arena.random(Block.of(0, n, h, w, cin).bordered(padding, padding, padding, padding));
    Block shape =
        Block.of(
            0,
            n,
            (h + 2 * padding - kernel) / stride + 1,
            (w + 2 * padding - kernel) / stride + 1,
            cout);
    int size = Conv.weightSize(kernel, kernel, cin, cout);
    int weights = arena.put(arena.randoms(size));
    Block bias = arena.random(Block.of(0, 1, 1, 1, cout));
    Block perImage = arena.random(Block.of(0, n, 1, 1, cout));
    Block residual = arena.random(shape);
    Block plain = arena.random(shape);
    Block biased = arena.random(shape);
    Block full = arena.random(shape);
    Block gradOut = arena.random(shape);
    int gradWeights = arena.put(arena.randoms(size));
    assertSameResults(
        arena,
        List.of(
            Conv.forward(in, weights, kernel, kernel, stride, -1, -1, -1, plain),
            Conv.forward(in, weights, kernel, kernel, stride, bias.offset(), -1, -1, biased),
            Conv.forward(
                in,
                weights,
                kernel,
                kernel,
                stride,
                bias.offset(),
                perImage.offset(),
                residual.offset(),
                full),
            Conv.weightGradient(in, gradOut, kernel, kernel, stride, gradWeights, true),
            Conv.weightGradient(in, gradOut, kernel, kernel, stride, gradWeights, false)),
        gradWeights + size);
  }

  /** The gradients of a convolution, whose launches depend on each other or not. */
  @Test
  void callsThatNeedNothingOfEachOtherAreOneLaunch() {
    Block in = Block.of(1024, 2, 4, 4, 20);
    Block gradOut = Block.of(4096, 2, 4, 4, 33);
    Block gradIn = in.at(8192);
    Call sums = Reduce.sumPixels(gradOut, 12_288);
    Call input = Conv.inputGradient(gradOut, 16_384, 1, 1, false, gradIn);
    Call weight = Conv.weightGradient(in, gradOut, 1, 1, 1, 20_480, false);
    Call once = Conv.inputGradient(gradOut, 24_576, 1, 1, true, gradIn);
    Call needsInput = Conv.weightGradient(gradIn, gradOut, 1, 1, 1, 28_672, false);
    Call overwritesWeights =
        Conv.forward(in, 16_384, 1, 1, 1, -1, -1, -1, Block.of(16_384, 2, 4, 4, 8));
    assertEquals(List.of(3), products(sums, input, weight));
    assertEquals(List.of(2, 1), products(sums, input, once));
    assertEquals(List.of(1, 1), products(input, needsInput));
    assertEquals(List.of(2, 1), products(weight, input, overwritesWeights));
    Call other = Activation.SILU.forward(in, in);
    assertEquals(List.of(1, 0, 1), products(sums, other, weight));
    Program program = program(List.of(sums, other, input, weight));
    assertEquals(List.of(1, 1, 1, 0), Variants.TILES.of(program, 0).counts());
    Call joined = Variants.TILES.of(program, 0).program().calls().getLast();
    assertEquals(input.flops() + weight.flops(), joined.flops());
  }

  private static Program program(List<Call> calls) {
    return new Program("p", calls, Collections.nCopies(calls.size(), ""), List.of(), List.of());
  }

  /** How many products each launch does, 0 for other kernels. */
  private static List<Integer> products(Call... calls) {
    return Variants.TILES.of(program(List.of(calls)), 0).program().calls().stream()
        .map(call ->
            call.kernel().equals(ProductTile.KERNEL) ? call.descriptor()[ProductTile.COUNT] : 0)
        .toList();
  }

  @Test
  void chunksOfImagesAreBatches() {
    TestArena arena = new TestArena(8);
    Block in = arena.random(Block.of(0, 40, 16, 16, 16).bordered(1, 1, 1, 1));
    Block gradOut = arena.random(Block.of(0, 40, 16, 16, 16));
    int floats = 40 * Conv.weightSize(3, 3, 16, 16);
    int scratch = arena.put(new float[floats]);
    Call whole = Conv.weightGradient(in, gradOut, 3, 3, 1, 0, false);
    Call call = Variants.LANES.of(whole, scratch).getFirst();
    int[] product = Variants.TILES.of(call, 0).getFirst().descriptor();
    assertTrue(product[ProductTile.LAST_DEPTH] < product[ProductTile.DEPTH], "a shorter last one");
    assertSameResults(arena, List.of(call), scratch + floats);
  }

  @ParameterizedTest
  @CsvSource({"2, 13, 20, 9, false", "3, 7, 5, 17, true"})
  void matricesAreProducts(int batch, int rows, int columns, int depth, boolean transposed) {
    TestArena arena = new TestArena(9);
    Block a =
        arena.random(
            transposed ? Block.of(0, batch, 1, depth, rows) : Block.of(0, batch, 1, rows, depth));
    int floats = MatMul.scratch(batch, columns, depth);
    int packed = arena.put(arena.randoms(floats));
    Block out = arena.random(Block.of(0, batch, 1, rows, columns));
    Call call =
        MatMul.multiply(
                batch, rows, columns, depth, a.offset(), transposed, 0, false, out.offset(), packed)
            .getLast();
    assertSameResults(arena, List.of(call), out.offset() + out.size());
  }
}
