package io.github.tornadodiffusion.diffusion.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Runs Jazzer on one target after another, each in a process of its own with a small heap, so that
 * what takes too much memory shows; see the profile {@code fuzz}.
 *
 * <p>What it finds lies in the target's directory as {@code crash-}, {@code timeout-} or {@code
 * oom-}: mend the reader and put the file into the corpus, where {@link HostileFilesTest} reads it.
 */
public final class Fuzzer {
  private static final int SECONDS_A_FILE = 60;
  private static final int MOST_MEBIBYTES = 2500;

  private Fuzzer() {}

  /**
   * Fuzzes.
   *
   * @param arguments the directory of the corpus, one to work in, the seconds of each target, and
   *     the targets, separated by commas; {@code all} for all of them
   */
  public static void main(String[] arguments) throws Exception {
    Path corpus = Path.of(arguments[0]);
    Path work = Path.of(arguments[1]).toAbsolutePath();
    List<String> targets =
        arguments[3].equals("all") ? FuzzTargets.names() : Arrays.asList(arguments[3].split(","));
    boolean found = false;
    for (String target : targets) {
      if (FuzzTargets.of(target) == null) {
        System.err.println("There is no target " + target + ": choose from " + FuzzTargets.names());
        System.exit(2);
      }
      Path directory = work.resolve(target);
      Files.createDirectories(directory.resolve("temporary"));
      Files.createDirectories(directory.resolve("corpus"));
      Path log = directory.resolve("log.txt");
      int status =
          new ProcessBuilder(command(target, corpus.resolve(target).toAbsolutePath(), arguments[2]))
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start()
              .waitFor();
      System.out.println(target + ": " + outcome(status, log));
      found |= status != 0;
    }
    System.exit(found ? 1 : 0);
  }

  private static List<String> command(String target, Path seeds, String seconds) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:+EnableDynamicAgentLoading",
            "-Djava.awt.headless=true",
            "-Djava.io.tmpdir=temporary",
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules=jdk.incubator.vector",
            // Jazzer rewrites the JDK's image readers too, which then call it.
            "--add-reads=java.desktop=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + Fuzzing.class.getName(),
            "--target_args=" + target));
    if (target.equals("image") || target.equals("mask")) {
      command.add(
          "--instrumentation_includes=io.github.**:com.twelvemonkeys.**:com.sun.imageio.**");
    }
    command.addAll(
        List.of(
            "-max_total_time=" + seconds,
            "-timeout=" + SECONDS_A_FILE,
            "-rss_limit_mb=" + MOST_MEBIBYTES,
            "corpus",
            seeds.toString()));
    return command;
  }

  private static String outcome(int status, Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    Optional<String> done = lines.stream().filter(line -> line.startsWith("Done ")).findFirst();
    if (status == 0 && done.isPresent()) {
      return done.get() + ", nothing found";
    }
    return lines.stream().filter(line -> line.startsWith("== ")).findFirst().orElse("failed")
        + ", see "
        + log;
  }
}
