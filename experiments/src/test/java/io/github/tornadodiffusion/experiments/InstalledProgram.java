package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** The launcher script beside the classes under test, which it takes for its last build. */
final class InstalledProgram {
  private static final Path SCRIPT = Path.of("../tornado-diffusion");

  private InstalledProgram() {}

  /** Lays both into a directory; where there is no bash the test is left out. */
  static void into(Path root) throws IOException {
    assumeTrue(Files.isExecutable(SCRIPT) && Files.isExecutable(Path.of("/bin/bash")));
    Files.copy(SCRIPT, root.resolve("tornado-diffusion"));
    Path app = Files.createDirectories(root.resolve("target/app/build"));
    Path signatures = Files.createDirectory(app.resolve("signatures"));
    String[] places = System.getProperty("java.class.path").split(File.pathSeparator);
    for (int i = 0; i < places.length; i++) {
      Path place = Path.of(places[i]).toAbsolutePath();
      Path jar = (place.toString().contains("signatures") ? signatures : app).resolve(i + ".jar");
      if (Files.isDirectory(place)) {
        pack(place, jar);
      } else if (Files.exists(place)) {
        Files.copy(place, jar);
      }
    }
    Files.writeString(root.resolve("target/app/current"), "build\n");
  }

  /**
   * Starts the script in a directory and waits for its end.
   *
   * @param root where it was laid
   */
  static CommandRun run(Path root, Path directory, String... arguments)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(root, "out", "");
    Path err = Files.createTempFile(root, "err", "");
    List<String> command = new ArrayList<>(List.of("/bin/bash", root + "/tornado-diffusion"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    if (!command.contains("--device")) {
      builder.environment().remove("TORNADOVM_HOME");
    }
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    boolean ended = process.waitFor(2, TimeUnit.MINUTES);
    process.destroyForcibly();
    assertTrue(ended, "still running");
    return new CommandRun(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  static Path pack(Path classes, Path jar) throws IOException {
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString().replace('\\', '/')));
        Files.copy(file, out);
      }
    }
    return jar;
  }
}
