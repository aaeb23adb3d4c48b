package io.github.tornadodiffusion.experiments;

import static io.github.tornadodiffusion.experiments.Pictures.assertPixels;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.framework.ExperimentProvider;
import io.github.tornadodiffusion.nn.io.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Classes that no part of the program knows, compiled here, in a directory and in a jar. */
class PluginTest {
  private static final Map<String, String> SOURCES =
      Map.of(
          "Line",
          """
          import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;

          public final class Line implements BetaSchedule {
            public double[] betas(int trainTimesteps, double betaStart, double betaEnd) {
              return LINEAR.betas(trainTimesteps, betaStart, betaEnd);
            }
          }
          """,
          "Private",
          """
          import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;

          public final class Private implements BetaSchedule {
            private Private() {}

            public double[] betas(int trainTimesteps, double betaStart, double betaEnd) {
              return new double[trainTimesteps];
            }
          }
          """,
          "Short",
          """
          import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;

          public final class Short implements BetaSchedule {
            public double[] betas(int trainTimesteps, double betaStart, double betaEnd) {
              return new double[1];
            }
          }
          """,
          "Implicit",
          """
          import io.github.tornadodiffusion.diffusion.schedulers.*;
          import io.github.tornadodiffusion.diffusion.schedulers.config.*;
          import io.github.tornadodiffusion.diffusion.schedulers.steps.*;
          import io.github.tornadodiffusion.nn.io.JsonFields;
          import java.util.ArrayList;
          import java.util.List;

          public final class Implicit extends VariancePreservingScheduler {
            public Implicit(JsonFields fields) {
              super(SchedulerConfig.read(fields, SchedulerConfig.DEFAULTS), SchedulerConfig.KEYS);
            }

            public Plan plan(int steps, StepOptions options) {
              List<ModelCall> calls = new ArrayList<>();
              for (int t : config.timesteps(steps)) {
                int to = t - config.numTrainTimesteps() / steps;
                double left = to < 0 ? 1 : schedule.alphaCumprod(to);
                Diffused now = Diffused.of(config.predictionType(), schedule.alphaCumprod(t));
                Diffused next = Diffused.of(config.predictionType(), left);
                calls.add(
                    ModelCall.at(t, now.signal(), now.sigma())
                        .set(Update.ORIGINAL, now.original())
                        .set(Update.OWN, now.noise())
                        .bound(Update.ORIGINAL, config)
                        .set(
                            Update.SAMPLE,
                            ModelCall.term(Update.ORIGINAL, next.signal()),
                            ModelCall.term(Update.OWN, next.sigma()))
                        .build());
              }
              return new Plan(1, calls);
            }
          }
          """,
          "Tiny",
          """
          import io.github.tornadodiffusion.diffusion.schedulers.noise.*;
          import io.github.tornadodiffusion.diffusion.training.*;
          import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;

          public final class Tiny implements Presets.Source {
            public Preset get() {
              UNet2DConfig model =
                  UNet2DConfig.builder()
                      .sampleSize(8).inChannels(1).outChannels(1).layersPerBlock(1)
                      .blockOutChannels(8).downBlockTypes("DownBlock2D").upBlockTypes("UpBlock2D")
                      .normNumGroups(2).build();
              return new Preset(
                  "tiny", "digits", model, BetaSchedule.LINEAR, PredictionType.EPSILON, 100,
                  new Preset.Recipe(4, 2, 0, false, Optimization.constant(1e-3)));
            }
          }
          """,
          "Late",
          """
          import io.github.tornadodiffusion.nn.random.SplitMix64;
          import io.github.tornadodiffusion.diffusion.schedulers.noise.*;
          import io.github.tornadodiffusion.diffusion.training.*;

          public final class Late implements TimestepDensity, LossWeight {
            public int draw(SplitMix64 random, int first, NoiseSchedule schedule) {
              return schedule.timesteps() - 1;
            }

            public double at(PredictionType prediction, double signal, double sigma) {
              return 2;
            }
          }
          """,
          "Answer",
          """
          import io.github.tornadodiffusion.experiments.framework.*;
          import java.util.concurrent.Callable;
          import picocli.CommandLine.Command;

          @Command(name = "answer")
          public final class Answer implements ExperimentProvider, Callable<Integer> {
            public Callable<Integer> command() {
              return this;
            }

            public Experiment.Kind kind() {
              return new Experiment.Kind("answer", data -> null);
            }

            public Integer call() {
              return 0;
            }
          }
          """);

  /** A family of kernels with its cases. */
  static final String SQUARES =
      """
      import io.github.tornadodiffusion.kernels.*;
      import java.util.List;
      import java.util.Set;
      import uk.ac.manchester.tornado.api.annotations.Parallel;
      import uk.ac.manchester.tornado.api.types.arrays.*;

      public final class Squares implements KernelCases {
        static final int COUNT = 0;
        static final int IN = 1;
        static final int OUT = 2;

        static void square(FloatArray m, IntArray d) {
          for (@Parallel int i = 0; i < d.get(COUNT); i++) {
            m.set(d.get(OUT) + i, m.get(d.get(IN) + i) * m.get(d.get(IN) + i));
          }
        }

        static final Capability PAIRS = new Capability("pairs");

        static void pairs(FloatArray m, IntArray d) {
          for (@Parallel int i = 0; i < d.get(COUNT) / 2; i++) {
            for (int j = 2 * i; j < 2 * i + 2; j++) {
              m.set(d.get(OUT) + j, m.get(d.get(IN) + j) * m.get(d.get(IN) + j));
            }
          }
        }

        public String name() {
          return "squares";
        }

        public List<Variants> variants() {
          return List.of(new Variants("pairs", Set.of(PAIRS)));
        }

        public List<Trial> trials() {
          Kernel kernel =
              Kernel.of(Squares.class, "square")
                  .with(CallOracle.range(OUT, COUNT, (i, d, m) -> Math.pow(m.at(d[IN] + i), 2)))
                  .with(new Variant(PAIRS, Kernel.of(Squares.class, "pairs"), d -> d));
          Call call = new Call(kernel, new int[] {4096, 16, 4112}, 4096, 4096, 32768);
          return List.of(new Trial("square", List.of(call), 8208, List.of(), Squares::content));
        }

        private static float[] content() {
          float[] content = new float[8208];
          for (int i = 16; i < content.length; i++) {
            content[i] = (float) Math.sin(i);
          }
          return content;
        }
      }
      """;

  @TempDir static Path temporary;

  private static Path classes;
  private static Path jar;

  @BeforeAll
  static void compile() throws IOException {
    classes = temporary.resolve("classes");
    Path sources = Files.createDirectories(temporary.resolve("my"));
    List<String> arguments =
        new ArrayList<>(List.of("-proc:none", "-d", Files.createDirectory(classes).toString()));
    for (Map.Entry<String, String> source : SOURCES.entrySet()) {
      Path file = sources.resolve(source.getKey() + ".java");
      Files.writeString(file, "package my;\n\n" + source.getValue());
      arguments.add(file.toString());
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    assertEquals(0, compiler.run(null, null, null, arguments.toArray(String[]::new)));
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve(ExperimentProvider.class.getName()), "my.Answer\n");
    jar = InstalledProgram.pack(classes, temporary.resolve("my.jar"));
  }

  private static Path train(String name, String... more) {
    Path out = temporary.resolve(name);
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--out", out.toString(), "--steps", "2", "--samples", "1"));
    arguments.addAll(List.of("--sample-steps", "1", "--threads", "1"));
    arguments.addAll(List.of(more));
    CommandRun.succeeds(arguments.toArray(String[]::new));
    return out;
  }

  private static BufferedImage sample(Path model, String... more) throws IOException {
    Path out = temporary.resolve("out.png");
    List<String> arguments =
        new ArrayList<>(List.of("sample", "--model", model.toString(), "--out", out.toString()));
    arguments.addAll(List.of("--count", "2", "--steps", "5", "--threads", "1"));
    arguments.addAll(List.of(more));
    CommandRun.succeeds(arguments.toArray(String[]::new));
    return ImageIO.read(out.toFile());
  }

  private static byte[] parameters(Path run) throws IOException {
    return Files.readAllBytes(run.resolve("unet/diffusion_pytorch_model.safetensors"));
  }

  private static JsonNode json(Path file) throws IOException {
    return Json.tree(Files.readString(file));
  }

  @Test
  void trainsWithScheduleOfOnesOwn() throws IOException {
    Path known = train("known", "--preset", "my.Tiny", "--plugin", jar.toString());
    Path own = train("own", "--preset=my.Tiny", "--schedule", "my.Line", "--plugin=" + classes);
    assertArrayEquals(parameters(known), parameters(own));
    JsonNode manifest = json(own.resolve("manifest.json"));
    assertEquals(classes.toString(), manifest.at("/plugins/0").asString());
    assertEquals("my.Line", manifest.at("/configuration/beta_schedule").asString());
    JsonNode scheduler = json(own.resolve("scheduler/scheduler_config.json"));
    assertEquals("DDPMScheduler", scheduler.path("_class_name").asString());
    assertEquals("linear", scheduler.path("beta_schedule").asString());
    assertEquals(100, scheduler.path("trained_betas").size());
    assertEquals(0.02, scheduler.at("/trained_betas/99").asDouble(), 1e-12);
    // What is written needs no plug-in.
    assertPixels(sample(known), sample(own));
  }

  @Test
  void samplesWithSchedulerOfOnesOwn() throws IOException {
    Path model = train("model", "--preset", "my.Tiny", "--plugin", classes.toString());
    for (Path plugin : List.of(classes, jar)) {
      assertPixels(
          sample(model, "--scheduler", "ddim"),
          sample(model, "--scheduler", "my.Implicit", "--plugin", plugin.toString()));
    }
    // A file names the class, and the class is made of the file's fields.
    Path config = model.resolve("scheduler/scheduler_config.json");
    Files.writeString(config, Files.readString(config).replace("DDPMScheduler", "my.Implicit"));
    assertPixels(sample(model, "--scheduler", "ddim"), sample(model, "--plugin", jar.toString()));
    CommandRun.refused(
        List.of("my.Implicit", "--plugin"),
        "sample",
        "--model",
        model.toString(),
        "--out",
        temporary.resolve("none.png").toString());
  }

  @Test
  void weighsTheLossAndChoosesTimesteps() throws IOException {
    String[] tiny = {"--preset", "my.Tiny", "--plugin", classes.toString()};
    String[] late = {"--timestep-density", "my.Late", tiny[0], tiny[1], tiny[2], tiny[3]};
    String[] twice = {
      "--loss-weight", "my.Late", late[0], late[1], late[2], late[3], late[4], late[5]
    };
    double loss = firstLoss(train("late", late));
    assertEquals(2 * loss, firstLoss(train("twice", twice)), 1e-6 * loss);
    assertNotEquals(loss, firstLoss(train("plain", tiny)));
    JsonNode manifest = json(temporary.resolve("twice/manifest.json"));
    assertEquals("my.Late", manifest.at("/configuration/loss_weight").asString());
    assertEquals("my.Late", manifest.at("/configuration/timestep_density").asString());
    CommandRun.refused(
        List.of("loss_weight", "my.Late", "options it began with"),
        "train",
        "--resume",
        "--out",
        temporary.resolve("late").toString(),
        "--steps",
        "2",
        "--loss-weight",
        "my.Late",
        "--plugin",
        classes.toString());
  }

  private static double firstLoss(Path run) throws IOException {
    List<String> lines = Files.readAllLines(run.resolve("loss.csv"));
    int column = List.of(lines.getFirst().split(",")).indexOf("loss");
    return Double.parseDouble(lines.get(1).split(",")[column]);
  }

  /** Which of them is not, where there are several, once each. */
  @Test
  void whatIsNotUsedIsSaid() throws IOException {
    String said = "warning: --plugin %s has no effect: nothing of it was named or used";
    for (Path plugin : List.of(classes, jar)) {
      String[] given = {"--plugin", plugin.toString()};
      assertSaid(1, said.formatted(plugin), CommandRun.of("devices", given[0], given[1]));
      assertSaid(
          1,
          said.formatted(plugin),
          CommandRun.of(
              "train",
              "--preset",
              "digits",
              "--steps",
              "1",
              "--batch",
              "1",
              "--samples",
              "0",
              "--out",
              temporary.resolve("unused" + plugin.getFileName()).toString(),
              given[0],
              given[1]));
    }
    assertSaid(
        0, "has no effect", CommandRun.of("experiment", "answer", "--plugin", jar.toString()));
    assertSaid(0, "has no effect", CommandRun.of("train", "--help", "--plugin", jar.toString()));
    Path used = temporary.resolve("used");
    CommandRun run =
        CommandRun.of(
            "train",
            "--preset",
            "my.Tiny",
            "--steps",
            "1",
            "--batch",
            "1",
            "--samples",
            "0",
            "--out",
            used.toString(),
            "--plugin",
            classes.toString(),
            "--plugin",
            jar.toString());
    // The first one is asked first.
    assertSaid(0, said.formatted(classes), run);
    assertSaid(1, said.formatted(jar), run);
    JsonNode manifest = json(used.resolve("manifest.json"));
    assertEquals(1, manifest.path("ignored").size(), manifest.toString());
  }

  private static void assertSaid(int times, String text, CommandRun run) {
    assertEquals(0, run.code(), run.err());
    assertEquals(times, run.err().lines().filter(line -> line.contains(text)).count(), run.err());
  }

  @Test
  void runsAnExperimentOfOnesOwn() {
    CommandRun.succeeds("experiment", "answer", "--plugin", jar.toString());
    CommandRun.refused(List.of("answer"), "experiment", "answer");
  }

  private static Path source(String name, String text) throws IOException {
    return Files.writeString(temporary.resolve(name + ".java"), text);
  }

  /** With what it provides to the program, which no file names. */
  @Test
  void aSourceFileIsAPlugin() throws IOException {
    String line = SOURCES.get("Line");
    Path known = train("known-source", "--preset", "my.Tiny", "--plugin", jar.toString());
    Path own =
        train(
            "own-source",
            "--preset",
            "my.Tiny",
            "--plugin",
            jar.toString(),
            "--schedule",
            "Line",
            "--plugin",
            source("Line", line).toString());
    assertArrayEquals(parameters(known), parameters(own));
    assertEquals(
        temporary.resolve("Line.java").toString(),
        json(own.resolve("manifest.json")).at("/plugins/1").asString());
    String answer = source("Answer", SOURCES.get("Answer")).toString();
    CommandRun.succeeds("experiment", "answer", "--plugin=" + answer);
  }

  @Test
  void aSourceFileThatDoesNotCompileIsShownAsTheCompilerShowsIt() throws IOException {
    String file = source("Broken", "class Broken {\n  int x = \"a\";\n}\n").toString();
    CommandRun run = CommandRun.of("devices", "--plugin", file);
    assertEquals(2, run.code(), run.err());
    List<String> lines = run.err().lines().toList();
    assertTrue(lines.getFirst().startsWith(file + ":2: error: incompatible types"), run.err());
    assertEquals(
        "error: The plug-in %s does not compile: correct what the compiler names".formatted(file),
        lines.getLast());
    assertEquals("", run.out());
  }

  /** From a source file; and what a wrong kernel leads to. */
  @Test
  void casesOfKernelsAreMeasuredOrNamed() throws IOException {
    String[] bench = {
      "bench", "kernels", "--preset", "digits", "--batch", "1", "--runs", "1", "--plugin", ""
    };
    bench[9] = source("Squares", SQUARES).toString();
    CommandRun right = CommandRun.succeeds(bench);
    assertTrue(right.out().contains("(squares)"), right.out());
    assertTrue(right.out().contains("Squares.square 4096 elements"), right.out());
    String twice = "m.set(d.get(OUT) + i, 2f * ";
    source("Squares", SQUARES.replace("m.set(d.get(OUT) + i, ", twice));
    CommandRun wrong = CommandRun.of(bench);
    assertEquals(1, wrong.code(), wrong.err());
    assertTrue(wrong.err().contains("error: Squares.square"), wrong.err());
    assertTrue(!wrong.out().contains("Squares.square"), wrong.out());
  }

  /** With its plug-ins, as long as they are there, and a word where they are others. */
  @Test
  void aRunIsRepeatedWithItsPlugins() throws IOException {
    Path line = source("Line", SOURCES.get("Line"));
    Path plugins = Files.createDirectory(temporary.resolve("plugins"));
    Path moved = Files.copy(jar, plugins.resolve("moved.jar"));
    Path run =
        train(
            "repeated",
            "--preset",
            "my.Tiny",
            "--schedule",
            "Line",
            "--plugin=" + moved,
            "--plugin",
            line.toString());
    String repeated = run.toString();
    String again = temporary.resolve("again").toString();
    CommandRun same =
        CommandRun.succeeds(
            "experiment", "rerun", repeated, "--out", again + 1, "--factor", "1000");
    assertEquals(0, same.err().lines().filter(l -> l.startsWith("warning")).count(), same.err());
    JsonNode manifest = json(Path.of(again + 1, "manifest.json"));
    assertEquals(json(run.resolve("manifest.json")).path("plugins"), manifest.path("plugins"));
    assertEquals(64, manifest.at("/plugins_sha256/1").asString().length());

    Files.writeString(line, "// Another word.\n" + SOURCES.get("Line"));
    String differs = "warning: the plug-in %s is not the one of the run".formatted(line);
    assertSaid(
        1,
        differs,
        CommandRun.of("experiment", "rerun", repeated, "--out", again + 2, "--factor", "1000"));

    Files.delete(moved);
    CommandRun.refused(
        List.of(moved.toString(), "is not there", "--plugin"),
        "experiment",
        "rerun",
        repeated,
        "--out",
        again + 3);
    CommandRun.succeeds(
        "experiment",
        "rerun",
        repeated,
        "--out",
        again + 4,
        "--factor",
        "1000",
        "--plugin",
        jar.toString(),
        "--plugin",
        line.toString());
  }

  @Test
  void kernelsCanBeNamedThatAPluginHasAndNoOthers() throws IOException {
    // They are seen to run because they are wrong, unlike the kernel that they stand for.
    String wrong =
        SQUARES
            .replace("Squares", "Pairs")
            .replace("m.set(d.get(OUT) + j, ", "m.set(d.get(OUT) + j, 2f * ");
    List<String> bench =
        new ArrayList<>(
            List.of("bench", "kernels", "--preset", "digits", "--batch", "1", "--runs", "1"));
    bench.addAll(List.of("--plugin", source("Pairs", wrong).toString()));
    CommandRun.succeeds(bench.toArray(String[]::new));
    bench.addAll(List.of("--kernels", "pairs"));
    CommandRun pairs = CommandRun.of(bench.toArray(String[]::new));
    assertEquals(1, pairs.code(), pairs.err());
    assertTrue(pairs.err().contains("error: Pairs."), pairs.err());
    bench.set(bench.size() - 1, "triples");
    CommandRun.refused(
        List.of("unknown kernels 'triples'; use auto or lanes or tiles or threads or pairs"),
        bench.toArray(String[]::new));
  }

  @Test
  void leavesTheOptionsOfSomebodysProgramAlone() {
    CommandRun run = CommandRun.of("run", "Absent.java", "--plugin", "none.jar");
    assertTrue(run.err().contains("Absent.java"), run.err());
  }

  @Test
  void saysInOneLineWhatIsWrongWithAPlugin() throws IOException {
    Path text = Files.writeString(temporary.resolve("text.jar"), "no jar");
    refused(List.of("none.jar", "no plug-in"), "my.Line", temporary.resolve("none.jar"));
    refused(List.of("text.jar", "cannot be read"), "my.Line", text);
    refused(List.of("my.Absent", "--plugin"), "my.Absent", classes);
    refused(List.of("my.Implicit", "BetaSchedule"), "my.Implicit", classes);
    refused(List.of("my.Private", "public", "constructor of ()"), "my.Private", classes);
    refused(List.of("my.Short", "is 1", "100"), "my.Short", classes);
    refused(List.of("beta_schedule", "Nothing", "choose one of"), "Nothing", classes);
  }

  private static void refused(List<String> words, String schedule, Path plugin) {
    CommandRun run =
        CommandRun.refused(
            words,
            "train",
            "--schedule",
            schedule,
            "--preset",
            "my.Tiny",
            "--plugin",
            plugin.toString(),
            "--plugin",
            classes.toString(),
            "--out",
            temporary.resolve("refused").toString());
    assertTrue(Files.notExists(temporary.resolve("refused")), run.err());
  }
}
