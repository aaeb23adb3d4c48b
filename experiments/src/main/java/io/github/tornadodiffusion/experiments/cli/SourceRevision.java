package io.github.tornadodiffusion.experiments.cli;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The commit that the program was built from.
 *
 * @param commit the commit's hash
 * @param dirty whether tracked files differ from the commit
 */
record SourceRevision(String commit, boolean dirty) {
  /** Set by the launcher: the directory of the project. */
  private static final String HOME = "tornadodiffusion.home";

  private static final int TIMEOUT_SECONDS = 10;

  /** The revision of the work tree that contains the program; empty outside of a work tree. */
  static Optional<SourceRevision> current() {
    Path directory = programDirectory();
    while (directory != null && !Files.exists(directory.resolve(".git"))) {
      directory = directory.getParent();
    }
    if (directory == null) {
      return Optional.empty();
    }
    Path tree = directory;
    return git(tree, "rev-parse", "HEAD")
        .flatMap(commit ->
            git(tree, "status", "--porcelain", "--untracked-files=no")
                .map(changes -> new SourceRevision(commit, !changes.isEmpty())));
  }

  private static Path programDirectory() {
    String home = System.getProperty(HOME);
    if (home != null) {
      return Path.of(home).toAbsolutePath();
    }
    CodeSource source = SourceRevision.class.getProtectionDomain().getCodeSource();
    try {
      return source == null ? null : Path.of(source.getLocation().toURI()).toAbsolutePath();
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private static Optional<String> git(Path tree, String... arguments) {
    String[] command = new String[arguments.length + 3];
    command[0] = "git";
    command[1] = "-C";
    command[2] = tree.toString();
    System.arraycopy(arguments, 0, command, 3, arguments.length);
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0
          ? Optional.of(output)
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
