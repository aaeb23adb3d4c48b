package io.github.tornadodiffusion.experiments.notebook;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jshell.DeclarationSnippet;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.ExpressionSnippet;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.UnresolvedReferenceException;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/** The session of a notebook: cells are Java snippets, each of which can use the earlier ones. */
final class Cells implements AutoCloseable {
  /** The imports of the jshell tool. */
  private static final List<String> IMPORTS =
      List.of(
          "java.io.*",
          "java.math.*",
          "java.net.*",
          "java.nio.file.*",
          "java.util.*",
          "java.util.concurrent.*",
          "java.util.function.*",
          "java.util.regex.*",
          "java.util.stream.*");

  private final CellExecution execution;
  private final JShell shell;

  /**
   * A session.
   *
   * @param classes a directory of the class path that takes the cells' classes
   */
  Cells(Path classes) {
    this(classes, ClassLoader.getSystemClassLoader());
  }

  /**
   * A session beside others of this JVM, whose classes have the same names.
   *
   * @param classes a directory that takes the cells' classes
   * @param loader of its own, which finds them there
   */
  Cells(Path classes, ClassLoader loader) {
    execution = new CellExecution(classes, loader);
    shell =
        JShell.builder()
            .executionEngine(new InThisProcess(execution), Map.of())
            .compilerOptions("-g", "-Xlint:-incubating", "--add-modules=jdk.incubator.vector")
            .build();
    for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
      shell.addToClasspath(path);
    }
    IMPORTS.forEach(name -> run("import " + name + ";"));
  }

  private record InThisProcess(ExecutionControl control) implements ExecutionControlProvider {
    @Override
    public String name() {
      return "this process";
    }

    @Override
    public ExecutionControl generate(ExecutionEnv env, Map<String, String> parameters) {
      return control;
    }
  }

  /**
   * Runs a cell.
   *
   * @return the value of its last snippet if that is an expression without a semicolon, otherwise
   *     null
   * @throws CellError if it does not compile or throws
   */
  Object run(String cell) {
    Object value = null;
    String rest = cell;
    while (!rest.isBlank()) {
      CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
      if (next.completeness() == Completeness.EMPTY) {
        return value; // a comment
      }
      // The compiler reports what is incomplete or not Java.
      boolean complete = next.completeness().isComplete();
      value = snippet(complete ? next.source() : rest);
      String after = complete ? next.remaining() : "";
      if (rest.substring(0, rest.length() - after.length()).stripTrailing().endsWith(";")) {
        value = null;
      }
      rest = after;
    }
    return value;
  }

  private Object snippet(String source) {
    execution.takeValue();
    boolean expression = false;
    for (SnippetEvent event : shell.eval(source)) {
      if (event.status() == Snippet.Status.REJECTED) {
        throw new CellError(diagnostics(event.snippet(), source));
      }
      if (event.exception() != null) {
        throw new CellError(trace(event.exception()));
      }
      if (event.causeSnippet() == null) {
        warnOfUnresolved(event.snippet());
        expression = isValue(event.snippet());
      }
    }
    Object value = execution.takeValue();
    return expression ? value : null;
  }

  /** Not an assignment, whose value is not worth showing. */
  private static boolean isValue(Snippet snippet) {
    return switch (snippet.subKind()) {
      case TEMP_VAR_EXPRESSION_SUBKIND, VAR_VALUE_SUBKIND -> true;
      case OTHER_EXPRESSION_SUBKIND -> snippet instanceof ExpressionSnippet;
      default -> false;
    };
  }

  /** A method may be declared before the things that it uses, but that deserves a warning. */
  private void warnOfUnresolved(Snippet snippet) {
    if (snippet instanceof DeclarationSnippet declared) {
      List<String> missing = shell.unresolvedDependencies(declared).toList();
      if (!missing.isEmpty()) {
        System.err.println("not declared yet: " + String.join(", ", missing));
      }
    }
  }

  private List<String> diagnostics(Snippet snippet, String source) {
    List<String> lines = new ArrayList<>();
    for (Diag problem : shell.diagnostics(snippet).toList()) {
      int at = Math.clamp(problem.getStartPosition(), 0, source.length());
      int begin = source.lastIndexOf('\n', at - 1) + 1;
      int end = source.indexOf('\n', at);
      lines.addAll(problem.getMessage(Locale.ROOT).lines().map(line -> "error: " + line).toList());
      lines.add("  " + source.substring(begin, end < 0 ? source.length() : end));
      lines.add("  " + " ".repeat(at - begin) + "^");
    }
    return lines.isEmpty() ? List.of("error: this is no Java") : lines;
  }

  private static List<String> trace(Throwable thrown) {
    List<String> lines = new ArrayList<>();
    for (Throwable e = thrown; e != null; e = e.getCause()) {
      String begin = lines.isEmpty() ? "" : "caused by ";
      (begin + described(e)).lines().forEach(lines::add);
      for (StackTraceElement frame : e.getStackTrace()) {
        lines.add("    at " + place(frame));
      }
    }
    return lines;
  }

  /** Without the class of JShell around declarations, and without the method of a cell. */
  private static String place(StackTraceElement frame) {
    if (!frame.getClassName().isEmpty()) {
      return frame.toString();
    }
    String method = frame.getMethodName().isEmpty() ? "the cell" : frame.getMethodName();
    return "%s, line %d".formatted(method, frame.getLineNumber());
  }

  private static String described(Throwable e) {
    return switch (e) {
      case EvalException user when user.getMessage() == null -> user.getExceptionClassName();
      case EvalException user -> user.getExceptionClassName() + ": " + user.getMessage();
      case UnresolvedReferenceException missing ->
          "error: %s uses what is not declared yet".formatted(missing.getSnippet().name());
      default -> e.toString();
    };
  }

  /** Interrupts the cell that runs. */
  void interrupt() {
    execution.interrupt();
  }

  /** Analyses what can be typed at a position. */
  SourceCodeAnalysis analysis() {
    return shell.sourceCodeAnalysis();
  }

  @Override
  public void close() {
    shell.close();
  }
}
