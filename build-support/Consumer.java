import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Builds and runs the project in {@code examples/maven} against the artifacts just built, as a
 * stranger would: they lie in a local repository of their own below {@code target}. Everything else
 * is read from the user's local repository, into which nothing is written.
 */
final class Consumer {
  private static final String GROUP = "io/github/tornadodiffusion";

  /** Where each artifact with a jar is built. */
  private static final Map<String, String> MODULES =
      Map.of(
          "tornado-diffusion-signatures", "tornado-kernels/signatures",
          "tornado-diffusion-kernels", "tornado-kernels",
          "tornado-diffusion-nn", "nn",
          "tornado-diffusion", "diffusion",
          "tornado-diffusion-experiments", "experiments");

  /** Arguments: the project's directory, its version, the user's repository, whether offline. */
  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[0]).toAbsolutePath().normalize();
    String version = args[1];
    Path work = root.resolve("target/consumer");
    delete(work);
    Path repository = work.resolve("repository");
    install(root.resolve("pom.xml"), repository, "tornado-diffusion-parent", version, "pom");
    install(
        root.resolve("build-support/bom/pom.xml"),
        repository,
        "tornado-diffusion-bom",
        version,
        "pom");
    for (Map.Entry<String, String> module : MODULES.entrySet()) {
      Path directory = root.resolve(module.getValue());
      String artifact = module.getKey();
      install(directory.resolve("pom.xml"), repository, artifact, version, "pom");
      Path jar = directory.resolve("target/%s-%s.jar".formatted(artifact, version));
      install(jar, repository, artifact, version, "jar");
    }
    Path project = work.resolve("project");
    copy(root.resolve("examples/maven"), project);
    // Each module's tests have that part of the pipeline which the module reads.
    Path model = work.resolve("model");
    for (String module : List.of("nn", "diffusion")) {
      copy(root.resolve(module + "/src/test/resources/golden/tiny_ddpm_pipeline"), model);
    }

    List<String> command = new ArrayList<>();
    command.add(root.resolve(File.separatorChar == '\\' ? "mvnw.cmd" : "mvnw").toString());
    command.addAll(List.of("-B", "-q", "-Dmaven.repo.local=" + repository));
    command.add("-Dmaven.repo.local.tail=" + args[2]);
    if (args[3].equals("offline=true")) {
      command.add("-o");
    }
    command.add("-Dmodel=" + model);
    command.addAll(List.of("compile", "exec:exec@sample", "exec:exec@kernel"));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(project.toFile()).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    String printed = new String(process.getInputStream().readAllBytes());
    int code = process.waitFor();
    if (code != 0
        || Files.notExists(project.resolve("16.png"))
        || !printed.contains("[2.0, 4.0, 6.0]")) {
      System.err.println(printed);
      System.err.println("examples/maven does not run with the artifacts of this build");
      System.exit(1);
    }
  }

  private static void install(
      Path file, Path repository, String artifact, String version, String type) throws IOException {
    Path directory = repository.resolve(GROUP).resolve(artifact).resolve(version);
    Files.createDirectories(directory);
    Files.copy(
        file,
        directory.resolve("%s-%s.%s".formatted(artifact, version, type)),
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path relative = from.relativize(file);
        if (!relative.startsWith("target")) {
          Path target = to.resolve(relative);
          Files.createDirectories(target.getParent());
          Files.copy(file, target);
        }
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.toList().reversed()) {
          Files.delete(file);
        }
      }
    }
  }
}
