package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.kernels.Engines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The program as a process of its own, started by the script, with what signals do to it. */
class LauncherTest {
  private static final Path FULL_DEVICE = Path.of("/dev/full");
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  @TempDir static Path root;
  @TempDir Path directory;

  @BeforeAll
  static void install() throws IOException {
    InstalledProgram.into(root);
  }

  private Process start(String javaOptions, Path out, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("/bin/bash", root + "/tornado-diffusion"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().remove("TORNADOVM_HOME");
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("TORNADODIFFUSION_JAVA_OPTS", javaOptions);
    return builder
        .redirectOutput(out.toFile())
        .redirectError(directory.resolve("err").toFile())
        .start();
  }

  private String run(int code, String javaOptions, Path out, String... arguments) throws Exception {
    return end(code, start(javaOptions, out, arguments));
  }

  /** Waits for the end of a process; returns its standard error. */
  private String end(int code, Process process) throws Exception {
    boolean ended = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    process.destroyForcibly();
    assertTrue(ended, "still running");
    String err = Files.readString(directory.resolve("err"));
    assertEquals(code, process.exitValue(), err);
    return err;
  }

  private static void awaitFile(Path file, Process process) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(file)) {
      assertTrue(process.isAlive() && System.nanoTime() < end, "no " + file);
      Thread.sleep(20);
    }
  }

  private static void assertOneLine(String err, String... words) {
    assertEquals(1, err.lines().count(), err);
    for (String word : words) {
      assertTrue(err.contains(word), err);
    }
  }

  @Test
  void standardErrorIsTheProgramsAlone() throws Exception {
    Path out = directory.resolve("out");
    assertEquals("", run(0, "", out, "devices"));
    assertTrue(Files.readString(out).startsWith("jvm "));
    assertOneLine(run(2, "", out, "devcies"), "did you mean devices");
  }

  /** The filter of standard error may end after the JVM. */
  @Test
  void whatTheJvmHasToSayIsSeen() throws Exception {
    String err = run(1, "-Xnonsense", directory.resolve("out"), "devices");
    for (int i = 0; i < 100 && !err.contains("-Xnonsense"); i++) {
      Thread.sleep(100);
      err = Files.readString(directory.resolve("err"));
    }
    assertTrue(err.contains("-Xnonsense"), err);
  }

  /** Also where the heap as a whole is large enough, but not the part that an array lies in. */
  @Test
  void tooLittleMemoryIsOneLine() throws Exception {
    Path out = directory.resolve("out");
    String[] train = {"train", "--out", "run", "--batch", "192", "--steps", "1"};
    assertOneLine(run(2, "-Xmx100m", out, train), "this needs", "MiB", "--batch", "-Xmx");
    assertOneLine(run(2, "-Xmx360m -XX:NewRatio=1", out, train), "in one piece", "--batch");
    assertTrue(Files.notExists(directory.resolve("run")));
  }

  @Test
  void resultsThatCannotBePrintedAreAFailure() throws Exception {
    assumeTrue(Files.exists(FULL_DEVICE));
    assertOneLine(run(1, "", FULL_DEVICE, "devices"), "standard output");
  }

  @Test
  void anOldJdkIsNamed() throws Exception {
    ProcessBuilder builder = new ProcessBuilder("/bin/bash", root + "/tornado-diffusion");
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", "/nowhere");
    Process process = builder.redirectError(directory.resolve("err").toFile()).start();
    assertOneLine(end(2, process), "TORNADODIFFUSION_JAVA_HOME=/nowhere", "JDK 25");
  }

  /** Wherever the SDK lies and whatever the place where it was built. */
  @Test
  void theFlagsOfTheSdkNameThePlaceWhereItLies() throws Exception {
    Path sdk = Files.createDirectory(directory.resolve("an sdk & more"));
    Files.writeString(sdk.resolve("tornado-argfile"), "-Xnonsense\n");
    ProcessBuilder builder =
        new ProcessBuilder("/bin/bash", root + "/tornado-diffusion", "devices")
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile());
    builder.environment().put("TORNADOVM_HOME", sdk.toString());
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", System.getProperty("java.home"));
    assertOneLine(end(2, builder.start()), sdk.toString(), "tornado-argfile.template");

    Files.writeString(
        sdk.resolve("tornado-argfile.template"),
        """
        # Flags
        -XX:+UseParallelGC
        -Dplace=${TORNADOVM_HOME}/lib
        --module-path .:${TORNADOVM_HOME}/jars
        """);
    assertEquals("", end(0, builder.start()));
    assertEquals(
        List.of(
            "# Flags",
            "\"-Dplace=%s/lib\"".formatted(sdk),
            "--module-path \"%s/jars\"".formatted(sdk)),
        Files.readAllLines(root.resolve("target/tornado-argfile")));
    assertTrue(Files.readString(directory.resolve("out")).contains("without TornadoVM"));
  }

  @Test
  void jupyterStartsTheKernelByTheScript() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("/bin/bash", root + "/tornado-diffusion", "notebook", "--install-only")
            .redirectError(directory.resolve("err").toFile());
    builder.environment().remove("TORNADOVM_HOME");
    builder.environment().put("JUPYTER_DATA_DIR", directory.resolve("jupyter").toString());
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", System.getProperty("java.home"));
    Path spec = directory.resolve("jupyter/kernels/tornado-diffusion/kernel.json");
    assertOneLine(end(0, builder.start()), spec.toString());
    JsonNode kernel = JsonMapper.shared().readTree(Files.readString(spec));
    assertEquals(
        List.of(root + "/tornado-diffusion", "notebook", "--kernel", "{connection_file}"),
        kernel.get("argv").values().stream().map(JsonNode::asString).toList());
    assertEquals("java", kernel.get("language").asString());
  }

  /** Started elsewhere than where the script lies. */
  @Test
  void theCommandAtTheEndCanBePasted() throws Exception {
    Path out = directory.resolve("out");
    run(
        0,
        "",
        out,
        "train",
        "--out",
        "a run",
        "--batch",
        "1",
        "--steps",
        "1",
        "--samples",
        "1",
        "--sample-steps",
        "1");
    String command = Files.readAllLines(out).getLast();
    Process process =
        new ProcessBuilder("/bin/bash", "-c", command + " --count 1 --steps 1")
            .directory(directory.toFile())
            .redirectError(directory.resolve("err").toFile())
            .start();
    end(0, process);
    assertTrue(Files.exists(directory.resolve("more.png")), command);
  }

  @Test
  void trainingThatIsAskedToEndSavesItsState() throws Exception {
    Path run = directory.resolve("run");
    String[] train = {"train", "--out", "run", "--batch", "1", "--steps", "1000000"};
    Process process = start("", directory.resolve("out"), train);
    awaitFile(run.resolve("manifest.json"), process);
    process.destroy();
    String err = end(128 + 15, process);
    assertTrue(err.contains("the same command with --out run --resume goes on"), err);
    assertTrue(Checkpoints.of(run).newest().checkpoint().step() >= 0);
    assertTrue(Files.readString(run.resolve("manifest.json")).contains("\"interrupted\""));
  }

  @Test
  void samplingAfterTrainingEndsAtOnceToo() throws Exception {
    Path run = directory.resolve("run");
    String[] train = {
      "train", "--out", "run", "--batch", "1", "--steps", "1", "--sample-steps", "1000"
    };
    Process process = start("", directory.resolve("out"), train);
    awaitFile(run.resolve("loss.png"), process);
    process.destroy();
    String err = end(128 + 15, process);
    assertTrue(err.contains("stopped before the samples were drawn"), err);
    assertTrue(Files.exists(run.resolve("model_index.json")));
    assertTrue(Files.notExists(run.resolve("samples.png")));
  }

  /** Also with words that a shell would take apart. */
  @Test
  void theJavaCommandCanBePasted() throws Exception {
    Path out = directory.resolve("out");
    assertEquals("", run(0, "-Da='b\"$", out, "devices", "--show-command", "--json"));
    List<String> shown = Files.readAllLines(out);
    assertEquals(1, shown.size());
    assertTrue(shown.getFirst().contains("Launch devices --json"), shown.getFirst());
    Process process =
        new ProcessBuilder("/bin/bash", "-c", shown.getFirst())
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(directory.resolve("err").toFile())
            .start();
    end(0, process);
    assertTrue(Files.readString(out).startsWith("{\"device\":\"jvm\""));
  }

  /** So that drivers find compiled kernels in their caches: declarations have a fixed order. */
  @Test
  @OnDevice
  void everyCommandGeneratesTheSameKernels() throws Exception {
    List<String> once = declarations("bench", "forward", "--runs", "1");
    List<String> again = declarations("bench", "forward", "--runs", "2", "--json", "--batch", "8");
    assertTrue(once.stream().anyMatch(line -> line.contains(",")), "no kernel was printed");
    assertEquals(once, again);
  }

  /** The declarations of vectors in all kernels that a command generates. */
  private List<String> declarations(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/bash", root + "/tornado-diffusion"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--preset", "digits", "--no-self-check", "--device"));
    command.add(Engines.devices().getFirst().id());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile());
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("TORNADODIFFUSION_JAVA_OPTS", "-Dtornado.printKernel=True");
    return end(0, builder.start()).lines().filter(line -> line.contains("float16 v16f")).toList();
  }
}
