package io.github.tornadodiffusion.experiments.notebook;

import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The file that tells Jupyter how to start the kernel. The launcher starts it, so that the kernel
 * is always the current build of the program.
 */
final class KernelSpec {
  static final String DISPLAY_NAME = "TornadoDiffusion (Java)";

  /** By which notebooks name the kernel. */
  static final String NAME = "tornado-diffusion";

  private KernelSpec() {}

  /**
   * Writes the file where Jupyter looks for kernels of this user.
   *
   * @return the file
   */
  static Path install() throws IOException {
    return install(dataDirectory());
  }

  /**
   * Writes the file.
   *
   * @param data a directory that Jupyter looks for kernels in
   * @return the file
   */
  static Path install(Path data) throws IOException {
    Path launcher = Path.of(System.getProperty("tornadodiffusion.home", "."), NAME);
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put(
        "argv",
        List.of(launcher.toAbsolutePath().toString(), "notebook", "--kernel", "{connection_file}"));
    spec.put("display_name", DISPLAY_NAME);
    spec.put("language", "java");
    spec.put("interrupt_mode", "message");
    Path directory = Files.createDirectories(data.resolve("kernels").resolve(NAME));
    Path file = directory.resolve("kernel.json");
    AtomicFiles.write(file, Json.line(spec) + "\n");
    return file;
  }

  /** The directory of jupyter_core's {@code jupyter_data_dir}. */
  private static Path dataDirectory() {
    String named = System.getenv("JUPYTER_DATA_DIR");
    if (named != null && !named.isEmpty()) {
      return Path.of(named);
    }
    Path home = Path.of(System.getProperty("user.home"));
    if (System.getProperty("os.name").startsWith("Mac")) {
      return home.resolve("Library/Jupyter");
    }
    String data = System.getenv("XDG_DATA_HOME");
    return (data == null || data.isEmpty() ? home.resolve(".local/share") : Path.of(data))
        .resolve("jupyter");
  }
}
