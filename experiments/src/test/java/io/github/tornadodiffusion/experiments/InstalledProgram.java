package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private static void pack(Path classes, Path jar) throws IOException {
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString().replace('\\', '/')));
        Files.copy(file, out);
      }
    }
  }
}
