package io.github.tornadodiffusion.experiments.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * The benchmarks, which only {@code -Pjmh} builds, use the project as it is. JMH and DJL are not on
 * the class path of tests: of a source that names them only calls with arguments that do not fit
 * are looked for.
 */
class JmhSourcesTest {
  private static final Pattern FOREIGN = Pattern.compile("org\\.openjdk\\.jmh|ai\\.djl");

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/jmh/java"))) {
      return files.filter(file -> file.toString().endsWith(".java")).toList();
    }
  }

  /** An error that is not one of a class path without JMH and DJL. */
  private static boolean isReal(Diagnostic<? extends JavaFileObject> found) {
    try {
      boolean foreign =
          FOREIGN.matcher(found.getSource().getCharContent(true)).find()
              && !found.getCode().startsWith("compiler.err.cant.apply.symbol");
      return found.getKind() == Diagnostic.Kind.ERROR && !foreign;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theyUseTheProjectAsItIs() throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    // A missing import ends compilation before calls are looked at, unless it is told to go on.
    List<String> options =
        List.of(
            "-proc:none",
            "--should-stop=ifError=ATTR",
            "-Xmaxerrs",
            "10000",
            "-cp",
            System.getProperty("java.class.path"));
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      compiler
          .getTask(null, files, found, options, null, files.getJavaFileObjectsFromPaths(sources()))
          .call();
    }
    List<String> errors =
        found.getDiagnostics().stream()
            .filter(JmhSourcesTest::isReal)
            .map(Object::toString)
            .toList();
    assertEquals(List.of(), errors);
  }
}
