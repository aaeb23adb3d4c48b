package io.github.tornadodiffusion.experiments;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The program in a process of its own, that can be killed. */
public final class ProgramRun implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 240;

  private final Process process;
  private final Path printed;

  private ProgramRun(Process process, Path printed) {
    this.process = process;
    this.printed = printed;
  }

  /**
   * Starts the program with this JVM's class path and flags.
   *
   * @param directory takes what it prints
   * @param flags of the JVM that come on top
   */
  public static ProgramRun start(Path directory, List<String> flags, String... arguments)
      throws IOException {
    return start(directory, command(flags, arguments));
  }

  /**
   * Starts the program by another one.
   *
   * @param launcher and its arguments, which come before the program
   */
  public static ProgramRun start(
      Path directory, List<String> launcher, List<String> flags, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(launcher);
    command.addAll(command(flags, arguments));
    return start(directory, command);
  }

  private static ProgramRun start(Path directory, List<String> command) throws IOException {
    Path printed = Files.createTempFile(directory, "printed", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(printed.toFile())
            .start();
    return new ProgramRun(process, printed);
  }

  /** Runs the program by another one to its end; it must end with this code. */
  public static String together(
      int code, Path directory, List<String> launcher, String... arguments)
      throws IOException, InterruptedException {
    try (ProgramRun run = start(directory, launcher, List.of(), arguments)) {
      return run.end(code);
    }
  }

  /** The command that runs the program with this JVM's class path and flags. */
  public static List<String> command(List<String> flags, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(heedingInterrupts());
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Those of the SDK among them; an agent that measures the tests has no business there.
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> !flag.startsWith("-javaagent:"))
        .forEach(command::add);
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** The same, so that an interrupt ends it whatever has started these tests. */
  static ProcessBuilder heedingInterrupts(ProcessBuilder builder) throws IOException {
    builder.command().addAll(0, heedingInterrupts());
    return builder;
  }

  private static List<String> heedingInterrupts() throws IOException {
    return ignoresInterrupts() ? List.of("env", "--default-signal=INT") : List.of();
  }

  /** As a process does that a script has started in the background, and then all its children. */
  private static boolean ignoresInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (Files.notExists(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .anyMatch(line -> (Long.parseUnsignedLong(line.split("\\s+")[1], 16) & 2) != 0);
  }

  /** Runs the program where no file may grow beyond a size; it must end with this code. */
  public static String limited(int code, Path directory, long bytes, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    String script = "ulimit -f %d; exec \"$@\"".formatted(bytes / 1024);
    command.addAll(List.of("/bin/bash", "-c", script, "limited"));
    command.addAll(command(List.of(), arguments));
    try (ProgramRun run = start(directory, command)) {
      return run.end(code);
    }
  }

  /** Runs the program where characters are ASCII alone; it must end with this code. */
  public static String inAscii(int code, Path directory, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("env", "LC_ALL=C"));
    command.addAll(command(List.of(), arguments));
    try (ProgramRun run = start(directory, command)) {
      return run.end(code);
    }
  }

  /** Runs the program to its end and returns what it printed; it must end with this code. */
  public static String ends(int code, Path directory, List<String> flags, String... arguments)
      throws IOException, InterruptedException {
    try (ProgramRun run = start(directory, flags, arguments)) {
      return run.end(code);
    }
  }

  /** Waits for the end, with this exit code; returns what was printed. */
  public String end(int code) throws IOException, InterruptedException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("It did not end: " + printed());
    }
    if (process.exitValue() != code) {
      throw new AssertionError(
          "It ended with %d, not %d: %s".formatted(process.exitValue(), code, printed()));
    }
    return printed();
  }

  /** Waits for the end, with any exit code but 0; returns what was printed. */
  public String endsWithFailure() throws IOException, InterruptedException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || process.exitValue() == 0) {
      throw new AssertionError("It did not fail: " + printed());
    }
    return printed();
  }

  /** The processes that it has started. */
  public Stream<ProcessHandle> descendants() {
    return process.descendants();
  }

  /** Waits until the run has written a file of this name, or has ended. */
  public void await(Path file) throws InterruptedException {
    while (process.isAlive() && Files.notExists(file)) {
      Thread.sleep(5);
    }
  }

  /** Waits until the run has printed some text, or has ended. */
  public void awaitPrinted(String text) throws InterruptedException, IOException {
    while (process.isAlive() && !printed().contains(text)) {
      Thread.sleep(20);
    }
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Kills it as SIGKILL does.
   *
   * @return whether it was still at work
   */
  public boolean kill() throws InterruptedException {
    boolean alive = process.isAlive();
    process.destroyForcibly();
    process.waitFor();
    return alive && process.exitValue() == 128 + 9;
  }

  /** Sends a signal. */
  public void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  private String printed() throws IOException {
    return Files.readString(printed);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
