package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code run} with files as researchers write them, started by the script. */
class RunTest {
  private static final String OWN_KERNEL =
      """
      import io.github.tornadodiffusion.kernels.*;
      import java.util.Arrays;
      import java.util.List;
      import uk.ac.manchester.tornado.api.annotations.Parallel;
      import uk.ac.manchester.tornado.api.types.arrays.*;

      class Doubling {
        static void twice(FloatArray arena, IntArray d) {
          for (@Parallel int i = 0; i < d.get(1); i++) {
            arena.set(d.get(0) + i, 2 * arena.get(d.get(0) + i));
          }
        }

        public static void main(String[] arguments) {
          Call call = new Call(Kernel.of(Doubling.class, "twice"), new int[] {16, 3}, 3, 3, 24);
          var range = new Program.Range(16, 3);
          var program =
              new Program("own", List.of(call), List.of("own"), List.of(range), List.of(range));
          var options = new EngineOptions(1, Variants.named("auto"), true, false, (a, b, c) -> {});
          try (Engine engine = Engines.open(arguments[1], options);
              Engine.Session session = engine.open(32, List.of(program))) {
            float[] values = {1, 2, 3};
            session.write(16, values, 0, 3);
            session.run(program);
            session.read(16, values, 0, 3);
            System.out.println(Arrays.toString(values));
          }
        }
      }
      """;

  @TempDir static Path root;
  @TempDir Path directory;

  private CommandRun run;

  @BeforeAll
  static void install() throws IOException {
    InstalledProgram.into(root);
  }

  /** Runs a source file; it must end with this code. */
  private void run(int code, String source, String... arguments) throws Exception {
    Files.writeString(directory.resolve("My.java"), source);
    run =
        InstalledProgram.run(
            root,
            directory,
            Stream.concat(Stream.of("run", "My.java"), Stream.of(arguments))
                .toArray(String[]::new));
    assertEquals(code, run.code(), run.err());
  }

  @Test
  void aCompactFileGetsItsArgumentsAndCanWaitForItsThreads() throws Exception {
    run(
        0,
        """
        void main(String[] arguments) {
          IO.println(String.join(" ", arguments));
          new Thread(() -> {
            try {
              Thread.sleep(300);
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            IO.println("done");
          }).start();
        }
        """,
        "a b",
        "--steps",
        "--help");
    assertEquals(List.of("a b --steps --help", "done"), run.out().lines().toList());
    assertEquals("", run.err());
  }

  @Test
  void aFileIsCompiledOncePerContent() throws Exception {
    String once = "void main() { IO.println(1); }";
    run(0, once);
    List<FileTime> times = times();
    run(0, once);
    assertEquals(times, times());
    run(0, "void main() { IO.println(2); }");
    assertEquals(List.of("2"), run.out().lines().toList());
  }

  private static List<FileTime> times() throws IOException {
    List<FileTime> times = new ArrayList<>();
    try (Stream<Path> files = Files.walk(root.resolve("target/run"))) {
      for (Path file : files.filter(path -> path.endsWith("My.class")).toList()) {
        times.add(Files.getLastModifiedTime(file));
      }
    }
    assertTrue(!times.isEmpty());
    return times;
  }

  @Test
  void whatDoesNotCompileIsShownAsTheCompilerShowsIt() throws Exception {
    run(2, "void main() {\n  int x = \"a\";\n}\n");
    List<String> lines = run.err().lines().toList();
    assertEquals(
        "My.java:2: error: incompatible types: String cannot be converted to int",
        lines.getFirst());
    assertEquals("1 error", lines.getLast());
    assertEquals(4, lines.size());
  }

  @Test
  void aFileWithoutMainIsOneLine() throws Exception {
    run(2, "class My {}");
    assertEquals("error: My.java has no main method: begin one with void main()\n", run.err());
  }

  @Test
  void anExceptionHasTheTraceOfTheProgramAlone() throws Exception {
    run(
        1,
        """
        package mine;

        public class My {
          public static void main(String[] arguments) {
            try {
              fail("inner");
            } catch (IllegalStateException e) {
              throw new IllegalArgumentException("outer", e);
            }
          }

          private static void fail(String message) {
            throw new IllegalStateException(message);
          }
        }
        """);
    assertEquals(
        List.of(
            "Exception in thread \"main\" java.lang.IllegalArgumentException: outer",
            "\tat mine.My.main(My.java:8)",
            "Caused by: java.lang.IllegalStateException: inner",
            "\tat mine.My.fail(My.java:13)",
            "\tat mine.My.main(My.java:6)"),
        run.err().lines().toList());
  }

  @Test
  void anOwnKernelRuns() throws Exception {
    run(0, OWN_KERNEL, "--device", "jvm");
    assertEquals(List.of("[2.0, 4.0, 6.0]"), run.out().lines().toList());
  }

  @Test
  @OnDevice
  void anOwnKernelRunsOnADevice() throws Exception {
    run(0, OWN_KERNEL, "--device", OnDevice.ID);
    assertEquals(List.of("[2.0, 4.0, 6.0]"), run.out().lines().toList());
  }

  /**
   * Kernels of plug-ins, of every form, on the first device: TornadoVM finds them on the class
   * path.
   */
  @Test
  void kernelsOfPluginsRun() throws Exception {
    Path source = Files.writeString(directory.resolve("Squares.java"), PluginTest.SQUARES);
    bench("Squares.java");
    try (Stream<Path> compiled = Files.list(root.resolve("target/run/build"))) {
      String name = "Squares-";
      Path classes = compiled.filter(path -> path.toString().contains(name)).findAny().get();
      Files.delete(source);
      bench(classes.toString());
      bench(InstalledProgram.pack(classes, directory.resolve("my.jar")).toString());
    }
  }

  private void bench(String plugin) throws Exception {
    String device = Engines.devices().stream().findFirst().map(Device::id).orElse("jvm");
    String[] arguments = {
      "bench", "kernels", "--preset", "digits", "--batch", "1", "--runs", "1", "--plugin=" + plugin
    };
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--device", device));
    run = InstalledProgram.run(root, directory, all.toArray(String[]::new));
    assertEquals(0, run.code(), run.err());
    assertTrue(run.out().contains("Squares.square 4096 elements"), run.out());
    all.add("--show-command");
    run = InstalledProgram.run(root, directory, all.toArray(String[]::new));
    Path classes =
        plugin.endsWith(".java") ? Path.of("target/run/build/Squares-") : Path.of(plugin);
    assertTrue(run.out().matches("(?s).* -cp \\S*:\\S*\\Q%s\\E.*".formatted(classes)), run.out());
  }
}
