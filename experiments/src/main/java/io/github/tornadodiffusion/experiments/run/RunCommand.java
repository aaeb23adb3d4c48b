package io.github.tornadodiffusion.experiments.run;

import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.NativeOutput;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Compiles a source file and runs its {@code main}. The launcher names the directory for its
 * classes, which is on the class path: engines read kernels from their class files, and TornadoVM
 * looks for these on the class path alone.
 */
@Command(
    name = "run",
    description = {
      "Compiles a Java source file and runs its main method, with this program as its library.",
      "Kernels may be in the file too. What follows the file are the arguments of its main method;"
          + " with --device among them the JVM gets TornadoVM's flags, if TORNADOVM_HOME is set."
    })
public final class RunCommand implements Callable<Integer> {
  private static final Pattern COMMAND =
      Pattern.compile("[^\\s<>]*tornado-diffusion run [^<*\\n]+");
  private static final String CLASSES = "tornadodiffusion.classes";

  @Spec CommandSpec spec;

  @Parameters(index = "0", paramLabel = "FILE.java", description = "The source file.")
  Path file;

  @Parameters(
      index = "1..*",
      paramLabel = "ARGS",
      description = "Arguments of its main method, options too.")
  List<String> arguments = List.of();

  @Option(names = "--verbose", description = "Print the whole stack trace of an error.")
  boolean verbose;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    String classes = System.getProperty(CLASSES);
    if (classes == null) {
      throw new IllegalStateException(
          "the launcher names no directory for classes; start with ./tornado-diffusion run");
    }
    PrintWriter err = spec.commandLine().getErr();
    List<String> names = new SourceFile(file, Path.of(classes)).compile(err);
    if (names.isEmpty()) {
      return Errors.BAD_INPUT;
    }
    NativeOutput.redirectSystemOut();
    UserProgram program = UserProgram.of(file, names);
    try {
      program.run(arguments.toArray(String[]::new));
      return 0;
    } catch (UserProgram.Failure e) {
      System.out.flush();
      if (!verbose && e.lacksArgument(arguments.size())) {
        throw new IllegalArgumentException(
            "%s needs more arguments than the %d given%s"
                .formatted(file, arguments.size(), example()));
      }
      err.print("Exception in thread \"main\" ");
      (verbose ? e.getCause() : e.trimmed()).printStackTrace(err);
      err.flush();
      return Errors.FAILURE;
    }
  }

  /** How the file itself says that it is run, where it does. */
  private String example() throws IOException {
    return COMMAND
        .matcher(Files.readString(file))
        .results()
        .map(found -> ", as in: " + found.group().strip())
        .findFirst()
        .orElse("");
  }
}
