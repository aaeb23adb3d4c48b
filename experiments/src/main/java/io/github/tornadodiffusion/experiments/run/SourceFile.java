package io.github.tornadodiffusion.experiments.run;

import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;
import io.github.tornadodiffusion.nn.io.AtomicDirectories;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.NestingKind;
import javax.lang.model.element.TypeElement;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A source file and the directory of its classes, in which a copy of the source, written last,
 * shows that they are complete, so that nothing is compiled again.
 *
 * @param file the source
 * @param classes directory on the class path, for this content of the source alone
 */
record SourceFile(Path file, Path classes) {
  private static final String COMPILED = ".compiled";

  /** The class file version that kernels are read with, whatever the JDK. */
  private static final List<String> OPTIONS =
      List.of("--release=25", "-g", "-proc:none", "-Xlint:-incubating");

  /**
   * Compiles the file, unless this was done before.
   *
   * @param err receives the messages of the compiler
   * @return binary names of the top-level classes, in the file's order; empty after an error
   */
  List<String> compile(PrintWriter err) throws IOException {
    byte[] source = Files.readAllBytes(file);
    Path compiled = classes.resolve(COMPILED);
    if (Files.exists(compiled)) {
      byte[] before = Files.readAllBytes(compiled);
      int end = before.length - source.length;
      if (end > 0 && Arrays.equals(before, end, before.length, source, 0, source.length)) {
        return List.of(new String(before, 0, end, StandardCharsets.UTF_8).strip().split(" "));
      }
    }
    Path fresh = Files.createTempDirectory(classes.toAbsolutePath().getParent(), "compiling");
    try {
      List<String> names = compile(fresh, err);
      if (!names.isEmpty()) {
        move(fresh);
        write(compiled, names, source);
      }
      return names;
    } finally {
      AtomicDirectories.delete(fresh);
    }
  }

  private List<String> compile(Path target, PrintWriter err) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> options = new ArrayList<>(OPTIONS);
    options.addAll(List.of("-d", target.toString()));
    options.addAll(List.of("-classpath", classPath()));
    options.add("--add-modules=jdk.incubator.vector");
    Set<String> names = new LinkedHashSet<>();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(err, files, null, options, null, files.getJavaFileObjects(file));
      task.addTaskListener(
          new TaskListener() {
            @Override
            public void finished(TaskEvent event) {
              TypeElement type = event.getTypeElement();
              if (event.getKind() == TaskEvent.Kind.ANALYZE
                  && type != null
                  && type.getNestingKind() == NestingKind.TOP_LEVEL) {
                names.add(task.getElements().getBinaryName(type).toString());
              }
            }
          });
      return task.call() ? List.copyOf(names) : List.of();
    } finally {
      err.flush();
    }
  }

  /**
   * That of the program, with the signatures of TornadoVM for kernels, which lie beside its jar.
   */
  private static String classPath() throws IOException {
    StringBuilder classPath = new StringBuilder(System.getProperty("java.class.path"));
    URL program = SourceFile.class.getProtectionDomain().getCodeSource().getLocation();
    Path signatures = Path.of(URI.create(program.toString())).resolveSibling("signatures");
    if (Files.isDirectory(signatures)) {
      try (Stream<Path> jars = Files.list(signatures)) {
        jars.forEach(jar -> classPath.append(File.pathSeparator).append(jar));
      }
    }
    return classPath.toString();
  }

  /**
   * Moves each file in one step: another process may do the same at the same time, with the same
   * result.
   */
  private void move(Path fresh) throws IOException {
    try (Stream<Path> files = Files.walk(fresh)) {
      for (Path from : files.filter(Files::isRegularFile).toList()) {
        Path to = classes.resolve(fresh.relativize(from).toString());
        Files.createDirectories(to.getParent());
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static void write(Path compiled, List<String> names, byte[] source) throws IOException {
    byte[] head = (String.join(" ", names) + "\n").getBytes(StandardCharsets.UTF_8);
    byte[] content = Arrays.copyOf(head, head.length + source.length);
    System.arraycopy(source, 0, content, head.length, source.length);
    AtomicFiles.write(compiled, content);
  }
}
