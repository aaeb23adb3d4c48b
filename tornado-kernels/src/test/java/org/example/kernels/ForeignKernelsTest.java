package org.example.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.check.CallCheck;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.SimpleRemapper;

/** A family of kernels outside of the project gets all that the project's own get. */
class ForeignKernelsTest {
  private static final int ROWS = 37;
  private static final int LENGTH = 528;
  private static final int X = 16;
  private static final int ENERGY = X + ROWS * LENGTH;
  private static final int GRAD_X = ENERGY + Block.round16(ROWS);
  private static final int FLOATS = GRAD_X + ROWS * LENGTH;

  private static final Call FORWARD = Energy.forward(X, ROWS, LENGTH, ENERGY);
  private static final Call BACKWARD = Energy.backward(X, ROWS, LENGTH, ENERGY, GRAD_X);

  private final List<String> warnings = new ArrayList<>();

  private EngineOptions options(boolean selfCheck) {
    EngineOptions.Listener listener =
        new EngineOptions.Listener() {
          @Override
          public void preparing(String what, int done, int all) {}

          @Override
          public void warning(String message) {
            warnings.add(message);
          }
        };
    return new EngineOptions(2, TestArena.VARIANTS, selfCheck, true, listener);
  }

  private Engine open() {
    return Engines.open(TestArena.DEVICE, options(true));
  }

  private static float[] content() {
    SplittableRandom random = new SplittableRandom(3);
    float[] content = new float[FLOATS];
    for (int i = X; i < FLOATS; i++) {
      content[i] = (float) (2 * random.nextDouble() - 1);
    }
    return content;
  }

  private static Program program(Call... calls) {
    return new Program(
        "foreign",
        List.of(calls),
        Collections.nCopies(calls.length, "layer"),
        List.of(),
        List.of());
  }

  private static float[] run(Engine engine, Call... calls) {
    Program program = program(calls);
    float[] result = new float[FLOATS];
    try (Engine.Session session = engine.open(FLOATS, List.of(program))) {
      session.write(0, content(), 0, FLOATS);
      session.run(program);
      session.read(0, result, 0, FLOATS);
    }
    return result;
  }

  private static void prove(Engine engine, Call... calls) {
    Trial trial =
        new Trial("layer", List.of(calls), FLOATS, List.of(), ForeignKernelsTest::content);
    engine.prove(() -> List.of(trial));
    engine.open(FLOATS, List.of(program(calls))).close();
  }

  /** A wrong gradient with the right oracle. */
  private static Call wrong() {
    Kernel kernel = Kernel.of(EnergyKernels.class, "wrongBackward").with(Energy::expectBackward);
    return Energy.call(kernel, X, ROWS, LENGTH, ENERGY, GRAD_X);
  }

  @Test
  void theDeviceComputesWhatTheOracleSays() {
    float[] before = content();
    try (Engine engine = open()) {
      float[] between = run(engine, FORWARD);
      float[] after = run(engine, FORWARD, BACKWARD);
      assertTrue(new CallCheck(FORWARD, i -> before[i]).error(i -> between[i]) < 1e-5);
      assertTrue(new CallCheck(BACKWARD, i -> between[i]).error(i -> after[i]) < 1e-5);
    }
  }

  @Test
  void threadsDoNotMatterAndVectorsHardly() {
    try (Engine one = new JvmEngine(1);
        Engine two = new JvmEngine(2);
        Engine scalar = JvmEngine.scalar()) {
      float[] expected = run(one, FORWARD, BACKWARD);
      assertArrayEquals(expected, run(two, FORWARD, BACKWARD));
      assertArrayEquals(expected, run(scalar, FORWARD, BACKWARD), 1e-2f);
    }
  }

  @Test
  void everyCallIsMeasured() {
    Program program = program(FORWARD, BACKWARD);
    try (Engine engine = open();
        Engine.Session session = engine.open(FLOATS, List.of(program))) {
      assertEquals(2, session.measure(program).calls().length);
    }
  }

  @Test
  void rightKernelsAreProved() {
    try (Engine engine = open()) {
      prove(engine, FORWARD, BACKWARD);
    }
    assertEquals(List.of(), warnings);
  }

  @Test
  void aWrongGradientIsCaughtAndNamed() {
    try (Engine engine = open()) {
      String message =
          assertThrows(IllegalStateException.class, () -> prove(engine, FORWARD, wrong()))
              .getMessage();
      assertTrue(message.startsWith("org.example.kernels.Energy.wrongBackward: "), message);
      assertTrue(message.contains("layer") && message.contains("--no-self-check"), message);
      assertThrows(
          IllegalStateException.class, () -> prove(engine, FORWARD, wrong()), "and stays wrong");
    }
    try (Engine engine = Engines.open(TestArena.DEVICE, options(false))) {
      assertDoesNotThrow(() -> prove(engine, FORWARD, wrong()));
    }
  }

  @Test
  void aKernelWithoutOracleIsSaidToBeUnprovedOnce() {
    Kernel kernel = Kernel.of(EnergyKernels.class, "forward");
    Call call = Energy.call(kernel, X, ROWS, LENGTH, ENERGY, 0);
    Call other = Energy.call(kernel, X, ROWS - 1, LENGTH, ENERGY, 0);
    try (Engine engine = open()) {
      prove(engine, call, other);
      prove(engine, call);
    }
    assertEquals(1, warnings.size(), warnings.toString());
    assertTrue(warnings.getFirst().startsWith("org.example.kernels.Energy.forward: "));
  }

  /** Where the oracle has no number, neither need the kernel. */
  @Test
  void whatIsNotDefinedIsNotCompared() {
    Kernel kernel =
        Kernel.of(EnergyKernels.class, "forward")
            .with(call -> {
              var all = Energy.FORWARD.oracle().orElseThrow().expect(call).regions().getFirst();
              return new CallOracle.Expectation(
                  "",
                  CallOracle.Region.at(
                      ENERGY,
                      ROWS,
                      (i, before, sum) ->
                          sum.add(i % 2 == 0 ? Double.NaN : all.expected(i, before).value())));
            });
    try (Engine engine = open()) {
      assertDoesNotThrow(() -> prove(engine, Energy.call(kernel, X, ROWS, LENGTH, ENERGY, GRAD_X)));
    }
  }

  @Test
  void kernelsOfOneSimpleNameAreToldApart() {
    Kernel kernel = Kernel.of(ElementwiseKernels.class, "copy");
    Block x = Block.of(X, 1, 1, ROWS, LENGTH);
    Call own = Elementwise.copy(x, x.at(GRAD_X), false);
    Call foreign = Energy.call(kernel, X, ROWS, LENGTH, ENERGY, GRAD_X);
    float[] before = content();
    try (Engine engine = open()) {
      assertEquals(before[X + 5], run(engine, foreign, own)[GRAD_X + 5]);
      assertEquals(-before[X + 5], run(engine, own, foreign)[GRAD_X + 5]);
      assertEquals(before[X + 5], run(engine, own)[GRAD_X + 5]);
      assertEquals(-before[X + 5], run(engine, foreign)[GRAD_X + 5]);
    }
  }

  /** As a plugin that is no part of the program's class path. */
  @Test
  void kernelsOfAnotherClassLoaderRun(@TempDir Path plugin) throws Exception {
    for (Class<?> owner : List.of(EnergyKernels.class, EnergyTileKernels.class)) {
      ClassWriter writer = new ClassWriter(0);
      KernelCode.reader(owner)
          .accept(
              new ClassRemapper(
                  writer,
                  new SimpleRemapper(
                      Opcodes.ASM9,
                      Type.getInternalName(owner),
                      "plugin/" + owner.getSimpleName())),
              0);
      Path file = plugin.resolve("plugin/" + owner.getSimpleName() + ".class");
      Files.createDirectories(file.getParent());
      Files.write(file, writer.toByteArray());
    }
    try (URLClassLoader loader = new URLClassLoader(new URL[] {plugin.toUri().toURL()})) {
      Kernel forward =
          Kernel.of(loader.loadClass("plugin.EnergyKernels"), "forward")
              .with(Energy.FORWARD.oracle().orElseThrow())
              .with(Tiles.variant(loader.loadClass("plugin.EnergyTileKernels"), "forward", 1024));
      Kernel backward = Kernel.of(loader.loadClass("plugin.EnergyKernels"), "backward");
      Call call = Energy.call(forward, X, ROWS, LENGTH, ENERGY, 0);
      Call gradient =
          Energy.call(
              backward.with(Energy.BACKWARD.oracle().orElseThrow()),
              X,
              ROWS,
              LENGTH,
              ENERGY,
              GRAD_X);
      for (Engine each : List.of(new JvmEngine(2), JvmEngine.scalar())) {
        try (Engine engine = each) {
          prove(engine, call, gradient);
          assertArrayEquals(run(engine, FORWARD, BACKWARD), run(engine, call, gradient));
        }
      }
      if (!TestArena.DEVICE.equals("jvm")) {
        try (Engine engine = open()) {
          String message = refusal(engine, forward);
          assertTrue(message.contains("plugin.Energy"), message);
          assertTrue(message.contains("put its directory or jar on the JVM's class path"), message);
        }
      }
    }
  }

  private static String refusal(Engine engine, Kernel kernel) {
    Call call = new Call(kernel, new int[] {1, 16}, 1, 0, 0);
    return assertThrows(
            IllegalArgumentException.class, () -> engine.open(32, List.of(program(call))))
        .getMessage();
  }

  @ParameterizedTest
  @CsvSource({
    "nowhere, no such method",
    "withoutIntArray, takes something else",
    "ofAnObject, takes something else",
    "forItself, takes something else",
  })
  void whatIsNoKernelIsRefusedOnEveryDevice(String method, String reason) {
    try (Engine engine = open()) {
      String message = refusal(engine, Kernel.of(BrokenKernels.class, method));
      String start = "org.example.kernels.BrokenKernels.%s is no kernel: ".formatted(method);
      assertTrue(message.startsWith(start) && message.contains(reason), message);
      assertTrue(
          message.endsWith(
              "; declare it as static void %s(FloatArray, IntArray)".formatted(method)),
          message);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "withoutLoop | has no parallel loop; write its outermost one as for (@Parallel int i = 0; i"
            + " < bound; i++)",
        "withForeignHelper | calls BrokenKernels$Helper.write, which takes TornadoVM's types; move"
            + " it into BrokenKernels",
        "withUnknownMethod | calls FloatArray.getSegment, which the jvm engine has not; use Lanes"
            + " or other methods",
      })
  void whatTheJvmEngineCannotRunIsRefused(String method, String reason) {
    try (Engine engine = new JvmEngine(1)) {
      assertEquals(
          "org.example.kernels.BrokenKernels.%s %s".formatted(method, reason),
          refusal(engine, Kernel.of(BrokenKernels.class, method)));
    }
  }

  @ParameterizedTest
  @CsvSource({"norm", "fma", "global", "half"})
  void namesThatCompilersOfDevicesKnowAreRefused(String method) {
    try (Engine engine = open()) {
      assertEquals(
          "org.example.kernels.BrokenKernels.%s: the compilers of devices know something else as %s;"
                  .formatted(method, method)
              + " give the method another name",
          refusal(engine, Kernel.of(BrokenKernels.class, method)));
    }
  }

  @Test
  void aLoopOfAnotherFormIsRefused() {
    try (Engine engine = new JvmEngine(1)) {
      assertEquals(
          "org.example.kernels.FromOneKernels.fromOne: its outermost parallel loop has another"
              + " form; write for (@Parallel int i = 0; i < bound; i++)",
          refusal(engine, Kernel.of(FromOneKernels.class, "fromOne")));
    }
  }

  @Test
  void helpersOfOtherClassesMayTakeNumbers() {
    Call call =
        new Call(Kernel.of(BrokenKernels.class, "withHelperOfNumbers"), new int[] {4, 16}, 4, 0, 0);
    Program program = program(call);
    float[] written = new float[4];
    try (Engine engine = open();
        Engine.Session session = engine.open(32, List.of(program))) {
      session.run(program);
      session.read(16, written, 0, 4);
    }
    assertArrayEquals(new float[] {0, 2, 4, 6}, written);
  }
}
