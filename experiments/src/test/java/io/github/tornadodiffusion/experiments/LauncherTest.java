package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
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

  private ProcessBuilder builder(Map<String, String> variables, String... arguments) {
    List<String> command = new ArrayList<>(List.of("/bin/bash", root + "/tornado-diffusion"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile());
    for (String variable :
        List.of("TORNADOVM_HOME", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")) {
      builder.environment().remove(variable);
    }
    builder.environment().put("TORNADODIFFUSION_JAVA_OPTS", "");
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putAll(variables);
    return builder;
  }

  /** Whatever it is, from wherever it comes. */
  @ParameterizedTest
  @CsvSource({
    "TORNADODIFFUSION_JAVA_OPTS, -Xnonsense, Unrecognized option: -Xnonsense",
    "TORNADODIFFUSION_JAVA_OPTS, -XX:+Nonsense, Unrecognized VM option",
    "TORNADODIFFUSION_JAVA_OPTS, Nonsense, main class Nonsense",
    "TORNADODIFFUSION_JAVA_OPTS, -version, openjdk",
    "TORNADODIFFUSION_JAVA_OPTS, -Xmx1g -Xms2g, Initial heap size",
    "JAVA_TOOL_OPTIONS, -XX:+Nonsense, Unrecognized VM option",
    "JAVA_TOOL_OPTIONS, -javaagent:/nowhere.jar, /nowhere.jar",
    "JAVA_TOOL_OPTIONS, -XX:+UseG1GC -XX:+UseZGC, Multiple garbage collectors",
    "JDK_JAVA_OPTIONS, --add-modules=nonsense, Module nonsense not found",
    "JDK_JAVA_OPTIONS, @/nowhere, /nowhere",
    "_JAVA_OPTIONS, -Xmx1m, Too small maximum heap"
  })
  void whatKeepsTheJvmFromStartingIsNamedInOneLine(String variable, String value, String reason)
      throws Exception {
    // Another variable, which is not at fault.
    Map<String, String> variables = new HashMap<>(Map.of("JAVA_TOOL_OPTIONS", "-Da=b"));
    variables.put(variable, value);
    String err = end(2, builder(variables, "devices").start());
    assertOneLine(err, variable + "=" + value, reason, "unset");
    assertEquals("", Files.readString(directory.resolve("out")));
  }

  /** A collector from outside is taken, and nothing is said of where it came from. */
  @ParameterizedTest
  @CsvSource({
    "JAVA_TOOL_OPTIONS, -XX:+UseG1GC",
    "JDK_JAVA_OPTIONS, -XX:+UseParallelGC",
    "JDK_JAVA_OPTIONS, @options",
    "_JAVA_OPTIONS, -XX:+UseSerialGC",
    "TORNADODIFFUSION_JAVA_OPTS, -XX:+UseParallelGC",
    "JAVA_TOOL_OPTIONS, -XX:MaxRAMPercentage=10",
    "JAVA_TOOL_OPTIONS, -Dx=y"
  })
  void optionsFromOutsideGoWithTheLaunchers(String variable, String value) throws Exception {
    Files.writeString(directory.resolve("options"), "-XX:+UseParallelGC\n");
    assertEquals("", end(0, builder(Map.of(variable, value), "devices", "--json").start()));
    String line = Files.readString(directory.resolve("out"));
    assertTrue(line.startsWith("{\"device\":\"jvm\""), line);
    if (value.contains("Percentage")) {
      JsonNode device = JsonMapper.shared().readTree(line);
      assertTrue(device.get("heap_mib").asLong() < 0.2 * device.get("memory_mib").asLong(), line);
    }
    assertOneLine(
        end(2, builder(Map.of(variable, value), "devcies").start()), "did you mean devices");
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void signalsReachTheProgramBehindOptionsFromOutside(String signal, int code) throws Exception {
    Path run = directory.resolve("run");
    ProcessBuilder builder =
        builder(
            Map.of("JAVA_TOOL_OPTIONS", "-Da=b"),
            "train",
            "--out",
            "run",
            "--batch",
            "1",
            "--steps",
            "1000000");
    Process process = ProgramRun.heedingInterrupts(builder).start();
    awaitFile(run.resolve("manifest.json"), process);
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
    String err = end(code, process);
    assertTrue(err.contains("--resume"), err);
    assertTrue(Files.readString(run.resolve("manifest.json")).contains("\"interrupted\""));
  }

  /** Whatever the SDK's template says that this JVM does not take. */
  @ParameterizedTest
  @CsvSource({
    "-XX:-UseJVMCINativeLibraryX, Unrecognized VM option",
    "--add-modules nonsense.runtime, Module nonsense.runtime not found",
    "--nonsense, Unrecognized option"
  })
  void anSdkThatDoesNotFitIsNamedInOneLine(String options, String reason) throws Exception {
    Path sdk = Files.createDirectory(directory.resolve("sdk"));
    Files.writeString(sdk.resolve("tornado-argfile.template"), options + "\n");
    Map<String, String> variables =
        Map.of("TORNADOVM_HOME", sdk.toString(), "JAVA_TOOL_OPTIONS", "-Da=b");
    String err = end(2, builder(variables, "devices").start());
    assertOneLine(err, "TORNADOVM_HOME=" + sdk, reason, "unset it");
  }

  /** As in a container, where nothing says how names are written. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "export LC_ALL=C",
        "unset LC_ALL LC_CTYPE LANG",
        "unset LC_ALL LC_CTYPE; export LANG=no_WHERE.UTF-8"
      })
  void namesAreUtf8WithoutALocale(String locale) throws Exception {
    // In bash, because the JVM of this test may have no locale either.
    String script =
        locale
            + """

            a=$'\\303\\244' && mkdir -p "d$a/$a" "d$a/b"
            "$0" data preview --data digits --image-size 8 --channels 1 --out "d$a/$a/$a.png" >out &&
            cp "d$a/$a/$a.png" "d$a/b/1.png" &&
            "$0" data preview --data "d$a" --image-size 8 --channels 1 --out preview.png >out &&
            grep -q "^images *2$" out && grep -q "1 images  $a$" out && grep -q "^data *d$a" out
            """;
    ProcessBuilder builder = builder(Map.of());
    builder.command("/bin/bash", "-c", script, root + "/tornado-diffusion");
    assertEquals("", end(0, builder.start()));
  }

  @Test
  void aJdkThatCannotRunIsNamed() throws Exception {
    Path jdk = directory.resolve("jdk");
    Files.createDirectories(jdk.resolve("bin"));
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25\"\n");
    for (String tool : List.of("java", "javac")) {
      Path file =
          Files.write(jdk.resolve("bin").resolve(tool), new byte[] {0x7f, 'E', 'L', 'F', 0});
      assertTrue(file.toFile().setExecutable(true));
    }
    Process process =
        builder(Map.of("TORNADODIFFUSION_JAVA_HOME", jdk.toString()), "devices").start();
    assertOneLine(end(2, process), "TORNADODIFFUSION_JAVA_HOME=" + jdk, "unset it");
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
        -XX:+UseG1GC
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

  /** An SDK of a later release, in which one method of the interface is gone, or none. */
  @ParameterizedTest
  @CsvSource({
    "withCUDAGraph, TornadoVM 6.0.0-jdk22plus has no TornadoExecutionPlan.withCUDAGraph",
    "noSuchMethod, TornadoVM found no device"
  })
  void whatALaterSdkLacksIsSaidInOneLine(String method, String expected) throws Exception {
    Path sources = directory.resolve("sources");
    Path stubs = Path.of("../tornado-kernels/src/stubs/java");
    List<String> compile = new ArrayList<>(List.of("-nowarn", "-d", "" + sources.resolve("out")));
    try (Stream<Path> files = Files.walk(stubs)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        Path copy = sources.resolve(stubs.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.writeString(copy, Files.readString(file).replace(method + "(", "another("));
        compile.add(copy.toString());
      }
    }
    Path sdk = directory.resolve("sdk");
    Path jars = Files.createDirectories(sdk.resolve("share/java/tornado"));
    assertEquals(0, tool("javac", compile.toArray(String[]::new)));
    String jar = jars.resolve("tornado-api-6.0.0-jdk22plus.jar").toString();
    assertEquals(0, tool("jar", "--create", "--file", jar, "-C", "" + sources.resolve("out"), "."));
    Files.writeString(
        sdk.resolve("tornado-argfile.template"),
        """
        --module-path .:${TORNADOVM_HOME}/share/java/tornado
        --add-modules ALL-MODULE-PATH
        """);
    Process process =
        builder(Map.of("TORNADOVM_HOME", sdk.toString()), "devices")
            .redirectOutput(directory.resolve("out").toFile())
            .start();
    assertEquals("", end(0, process));
    List<String> said = Files.readAllLines(directory.resolve("out"));
    assertTrue(said.getLast().contains(expected), said.getLast());
  }

  private static int tool(String name, String... arguments) {
    return ToolProvider.findFirst(name).orElseThrow().run(System.out, System.err, arguments);
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

    builder.command().addAll(List.of("--no-browser", "a.ipynb"));
    List<String> said = end(0, builder.start()).lines().toList();
    assertEquals(3, said.size(), said.toString());
    assertTrue(said.get(0).startsWith("warning: --no-browser has no effect"), said.get(0));
    assertTrue(said.get(1).startsWith("warning: a.ipynb has no effect"), said.get(1));
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
    assertTrue(err.contains("train --out run --resume goes on"), err);
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

  /** On the class path, where TornadoVM looks for kernels. */
  @Test
  void aRunIsRepeatedWithItsPluginsFromTheStart() throws Exception {
    Path plugin = Files.createDirectory(directory.resolve("my classes"));
    String manifest =
        Json.page(
            Map.of("arguments", List.of("--plugin"), "plugins", List.of("a.jar", "" + plugin)));
    Files.writeString(directory.resolve("manifest.json"), manifest);
    Path out = directory.resolve("out");
    String[] rerun = {"experiment", "rerun", "--out", "again", ".", "--show-command"};
    run(0, "", out, rerun);
    assertTrue(Files.readString(out).contains("/my\\ classes "), Files.readString(out));
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
    command.add(OnDevice.ID);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile());
    builder.environment().put("TORNADODIFFUSION_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("TORNADODIFFUSION_JAVA_OPTS", "-Dtornado.printKernel=True");
    return end(0, builder.start()).lines().filter(line -> line.contains("float16 v16f")).toList();
  }
}
