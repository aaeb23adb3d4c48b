package io.github.tornadodiffusion.experiments.notebook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CellsTest {
  private static Path classes;
  private static Cells cells;

  /** The directory of this class is on the class path. */
  @BeforeAll
  static void open() throws Exception {
    classes = Path.of(CellsTest.class.getResource("/").toURI());
    cells = new Cells(classes);
  }

  @AfterAll
  static void close() throws Exception {
    cells.close();
    try (Stream<Path> files = Files.walk(classes.resolve("REPL"))) {
      for (Path file : files.toList().reversed()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void theLastExpressionIsTheValueOfACell() {
    assertEquals(6, cells.run("int x = 3;\nx * 2\n// done"));
    assertEquals(3, cells.run("x"));
    assertNull(cells.run("x * 2;"));
    assertNull(cells.run("x = 4"));
    assertNull(cells.run("void nothing() {}\nnothing()"));
    assertNull(cells.run("// nothing"));
    assertNull(cells.run(""));
  }

  @Test
  void valuesStayObjects() {
    Object image =
        cells.run(
            "new java.awt.image.BufferedImage(2, 3, java.awt.image.BufferedImage.TYPE_INT_RGB)");
    assertEquals(3, assertInstanceOf(BufferedImage.class, image).getHeight());
  }

  @Test
  void aDeclarationReplacesTheOneBefore() {
    cells.run("class Version { static int number() { return 1; } }");
    assertEquals(1, cells.run("Version.number()"));
    cells.run("class Version { static int number() { return 2; } }");
    assertEquals(2, cells.run("Version.number()"));
  }

  @Test
  void aKernelOfACellRuns() {
    cells.run(
        """
        import io.github.tornadodiffusion.kernels.*;
        import uk.ac.manchester.tornado.api.annotations.Parallel;
        import uk.ac.manchester.tornado.api.types.arrays.*;

        class Doubling {
          static void twice(FloatArray arena, IntArray d) {
            for (@Parallel int i = 0; i < d.get(1); i++) {
              arena.set(d.get(0) + i, 2 * arena.get(d.get(0) + i));
            }
          }
        }
        """);
    Object doubled =
        cells.run(
            """
            var call = new Call(Kernel.of(Doubling.class, "twice"), new int[] {16, 3}, 3, 3, 24);
            var range = new Program.Range(16, 3);
            var program =
                new Program("own", List.of(call), List.of("own"), List.of(range), List.of(range));
            var options =
                new EngineOptions(1, Variants.named("auto"), true, false, (a, b, c) -> {});
            float[] values = {1, 2, 3};
            try (Engine engine = Engines.open("jvm", options);
                Engine.Session session = engine.open(32, List.of(program))) {
              session.write(16, values, 0, 3);
              session.run(program);
              session.read(16, values, 0, 3);
            }
            values
            """);
    assertArrayEquals(new float[] {2, 4, 6}, assertInstanceOf(float[].class, doubled));
  }

  @Test
  void whatDoesNotCompileIsPointedAt() {
    assertEquals(
        List.of(
            "error: incompatible types: java.lang.String cannot be converted to int",
            "  int y = \"a\";",
            "          ^"),
        error("int z = 1;\nint y = \"a\";"));
    assertEquals("error: reached end of file while parsing", error("z = ").getFirst());
  }

  @Test
  void anExceptionHasTheTraceOfTheCellsAlone() {
    cells.run("void fails() {\n  throw new IllegalStateException(\"bad\\nworse\");\n}");
    assertEquals(
        List.of(
            "java.lang.IllegalStateException: bad",
            "worse",
            "    at fails, line 2",
            "    at the cell, line 1"),
        error("fails();"));
    assertEquals(4, cells.run("2 + 2"));
  }

  private static List<String> error(String cell) {
    return assertThrows(CellError.class, () -> cells.run(cell)).lines();
  }
}
