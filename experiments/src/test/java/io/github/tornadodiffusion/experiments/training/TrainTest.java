package io.github.tornadodiffusion.experiments.training;

import static io.github.tornadodiffusion.experiments.Pictures.pixels;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.PngText;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.RunLock;
import io.github.tornadodiffusion.nn.io.AtomicDirectories;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A small training from the command line, and what can be done with the model after it. */
class TrainTest {
  @TempDir static Path temporary;

  private static Path run;
  private static CommandRun trained;

  private static String[] train(Path out, int steps, int threads, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--out", out.toString(), "--steps", Integer.toString(steps)));
    arguments.addAll(List.of("--batch", "4", "--seed", "5"));
    for (String option : List.of("--lr-schedule constant", "--samples 3", "--sample-steps 2")) {
      String[] words = option.split(" ");
      if (Stream.of(more).noneMatch(given -> given.split("=")[0].equals(words[0]))) {
        arguments.addAll(List.of(words));
      }
    }
    arguments.addAll(List.of("--threads", Integer.toString(threads)));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @BeforeAll
  static void trainOnce() {
    run = temporary.resolve("run");
    trained = CommandRun.succeeds(train(run, 3, 1));
  }

  private static byte[] weights(Path directory) throws IOException {
    return Files.readAllBytes(directory.resolve("unet/diffusion_pytorch_model.safetensors"));
  }

  private static JsonNode manifest(Path directory) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(directory.resolve("manifest.json")));
  }

  /** Devices that compute alike: the split makes no difference then. */
  @Test
  void severalDevicesShareTheShards() throws IOException {
    String[] sharded = {"--shards", "4", "--samples", "0"};
    Path one = temporary.resolve("one-device");
    CommandRun.succeeds(train(one, 3, 1, sharded));
    Path three = temporary.resolve("three-devices");
    String[] several = {
      "--shards", "4", "--samples", "0", "--device", "jvm,jvm,jvm", "--device-shares", "1,0,3"
    };
    CommandRun first = CommandRun.succeeds(train(three, 2, 1, several));
    assertTrue(first.err().contains("shards of a step: 1 on jvm, 0 on jvm, 3 on jvm"), first.err());
    String measured = "--device=jvm,jvm,jvm";
    // Without --device-shares it goes on with those that it began with.
    CommandRun _ =
        CommandRun.succeeds(
            "train", "--out", three.toString(), "--resume", "--steps", "3", measured);
    assertEquals("[1,0,3]", manifest(three).at("/device/shares").toString());
    assertArrayEquals(weights(one), weights(three));
  }

  @ParameterizedTest
  @CsvSource({
    "'--device=jvm,jvm','2 devices cannot share a step of 1 shards: give more'",
    "'--device=jvm,none',unknown device",
    "'--device=jvm,',unknown device",
    "'--device=jvm,jvm --shards=4 --device-shares=1,2','give 2 numbers whose sum is the 4 shards'"
  })
  void devicesThatCannotShareAreRefused(String options, String said) {
    CommandRun _ =
        CommandRun.refused(
            List.of(said), train(temporary.resolve("refused"), 1, 1, options.split(" ")));
  }

  @Test
  void leavesEverythingAndSaysWhere() throws IOException {
    assertTrue(Files.isRegularFile(run.resolve("model_index.json")));
    assertTrue(Files.isRegularFile(run.resolve("scheduler/scheduler_config.json")));
    assertTrue(ImageIO.read(run.resolve("samples.png").toFile()).getWidth() > 64);
    assertTrue(ImageIO.read(run.resolve("loss.png").toFile()).getWidth() > 1000);
    assertEquals(4, Files.readAllLines(run.resolve("loss.csv")).size());
    List<String> lines = trained.out().lines().toList();
    assertEquals("./tornado-diffusion sample --model " + run + " --out more.png", lines.getLast());
    assertTrue(trained.err().contains("train 3/3"));
  }

  @Test
  void manifestSaysHowToRepeatIt() throws IOException {
    JsonNode manifest = manifest(run);
    assertEquals("finished", manifest.get("status").asString());
    assertEquals(5, manifest.get("seed").asInt());
    assertEquals(4, manifest.get("configuration").get("batch").asInt());
    assertEquals(
        "squaredcos_cap_v2", manifest.get("configuration").get("beta_schedule").asString());
    assertEquals(64, manifest.get("data").get("sha256").asString().length());
    assertEquals(3, manifest.get("result").get("steps").asInt());
    assertTrue(manifest.get("parameters").asInt() > 10_000);
    assertTrue(manifest.get("command").asString().contains("--seed 5"));
    assertTrue(manifest.get("machine").get("cores").asInt() >= 1);
    assertEquals("jvm", manifest.get("device").get("device").asString());
    assertEquals("lanes", manifest.get("device").get("kernels").asString());
    assertEquals(
        JsonMapper.shared().readTree(Files.readString(run.resolve("unet/config.json"))),
        manifest.get("unet"));
  }

  @Test
  void anotherNumberOfThreadsGivesTheSameBytes() throws IOException {
    Path other = temporary.resolve("threads");
    CommandRun.succeeds(train(other, 3, 2));
    assertArrayEquals(weights(run), weights(other));
    assertArrayEquals(
        Files.readAllBytes(run.resolve("samples.png")),
        Files.readAllBytes(other.resolve("samples.png")));
  }

  @Test
  void aRerunComparesDataLossesAndSamples() throws IOException {
    Path before = Files.createDirectories(temporary.resolve("before"));
    for (String name : List.of("manifest.json", "loss.csv", "samples.png")) {
      Files.copy(run.resolve(name), before.resolve(name));
    }
    CommandRun same = rerun(before, "same");
    assertEquals(0, same.code(), same.err());
    for (String figure : List.of("sha256", "loss", "grad_norm", "mean_pixel", "pixel_variance")) {
      assertTrue(same.out().contains("| " + figure + " | equal |"), same.out());
    }
    Files.copy(
        run.resolve("loss.png"),
        before.resolve("samples.png"),
        StandardCopyOption.REPLACE_EXISTING);
    CommandRun other =
        CommandRun.of(
            "experiment",
            "rerun",
            before.toString(),
            "--with",
            temporary.resolve("same").toString());
    assertEquals(1, other.code());
    assertFalse(other.err().contains("train 3/3"), "nothing runs");
    assertTrue(other.out().contains("| images_per_s |"), other.out());
    Path manifest = before.resolve("manifest.json");
    Files.writeString(
        manifest, Files.readString(manifest).replaceFirst("\"cpu\" : \"", "$0Another "));
    CommandRun elsewhere =
        CommandRun.of(
            "experiment",
            "rerun",
            before.toString(),
            "--with",
            temporary.resolve("same").toString());
    assertFalse(elsewhere.out().contains("| images_per_s |"), elsewhere.out());
    assertTrue(elsewhere.out().contains("the machine was Another "), elsewhere.out());
    assertTrue(other.out().contains("| mean_pixel | different |"), other.out());
    assertTrue(other.out().contains("the run does not repeat"), other.out());
  }

  @Test
  void aRunThatIsNotThereIsNamed() {
    CommandRun missing = CommandRun.of("experiment", "rerun", "runs/nowhere");
    assertEquals(2, missing.code());
    assertTrue(missing.err().contains("runs/nowhere does not exist"), missing.err());
  }

  private static CommandRun rerun(Path before, String name) {
    return CommandRun.of(
        "experiment",
        "rerun",
        before.resolve("manifest.json").toString(),
        "--factor",
        "1e6",
        "--out",
        temporary.resolve(name).toString());
  }

  @Test
  void resumedRunsEndWithTheSameBytes() throws IOException {
    Path other = temporary.resolve("resumed");
    CommandRun.succeeds(train(other, 2, 2));
    assertFalse(Arrays.equals(weights(run), weights(other)));
    CommandRun.succeeds(train(other, 3, 2, "--resume"));
    assertArrayEquals(weights(run), weights(other));
    JsonNode earlier = manifest(other).get("earlier");
    assertEquals(1, earlier.size());
    assertEquals(2, earlier.get(0).get("result").get("steps").asInt());
    assertEquals(2, earlier.get(0).get("device").get("threads").asInt());
    assertFalse(earlier.get(0).get("command").asString().contains("--resume"));
    CommandRun.refused(List.of("random_flip"), train(other, 4, 2, "--resume", "--flip"));
    CommandRun.refused(List.of("done 3 steps", "after 2"), train(other, 2, 2, "--resume"));
    assertArrayEquals(weights(run), weights(other));
  }

  /** The manifest has the options, those of the last part that went on included. */
  @Test
  void aRunGoesOnWithoutAnyOption() throws IOException {
    Path other = temporary.resolve("bare");
    CommandRun.succeeds(train(other, 2, 2, "--no-flip", "--lr-schedule=constant_with_warmup"));
    CommandRun.succeeds("train", "--resume", "--out", other.toString());
    assertEquals(2, manifest(other).get("result").get("steps").asInt());
    CommandRun more = CommandRun.succeeds("train", "--out=" + other, "--resume", "--steps", "3");
    assertFalse(more.err().contains("learning rate"), more.err());
    JsonNode now = manifest(other);
    assertEquals(3, now.get("result").get("steps").asInt());
    assertEquals(5, now.get("seed").asInt());
    assertEquals(2, now.get("device").get("threads").asInt());
    assertEquals("constant_with_warmup", now.at("/configuration/lr_schedule").asString());
    assertTrue(Files.exists(other.resolve("samples.png")));
    Path whole = temporary.resolve("bare-whole");
    CommandRun.succeeds(train(whole, 3, 1, "--no-flip", "--lr-schedule", "constant_with_warmup"));
    assertArrayEquals(weights(whole), weights(other));
    CommandRun.refused(
        List.of("lr_schedule"),
        "train",
        "--resume",
        "--out",
        other.toString(),
        "--lr-schedule",
        "constant");
    CommandRun.succeeds(
        "train",
        "--resume",
        "--out",
        other.toString(),
        "--epochs",
        "1",
        "--batch",
        "4",
        "--max-time",
        "0:03");
  }

  /** A curve of the learning rate is made for a number of steps. */
  @Test
  void anotherNumberOfStepsIsSaidWhereTheRateFollowsIt() throws IOException {
    Path other = temporary.resolve("shorter");
    CommandRun.succeeds(train(other, 2, 2, "--lr-schedule", "cosine", "--warmup", "0"));
    CommandRun more =
        CommandRun.succeeds("train", "--out", other.toString(), "--resume", "--steps", "4");
    assertTrue(more.err().contains("was to have 2 steps and now has 4"), more.err());
    assertTrue(more.err().contains("cosine"), more.err());
    assertTrue(manifest(other).get("warnings").get(0).asString().contains("learning rate"));
    CommandRun same = CommandRun.succeeds("train", "--out", other.toString(), "--resume");
    assertFalse(same.err().contains("learning rate"), same.err());
  }

  @Test
  void pictureAfterEverySoManySteps() throws IOException {
    Path out = temporary.resolve("pictures");
    CommandRun drawn = CommandRun.succeeds(train(out, 4, 2, "--sample-every", "2"));
    assertTrue(drawn.err().contains("samples-STEP.png every 2 steps"), drawn.err());
    assertTrue(ImageIO.read(out.resolve("samples-2.png").toFile()).getWidth() > 64);
    assertFalse(Files.exists(out.resolve("samples-4.png")), "that is samples.png");
    Path plain = temporary.resolve("no-pictures");
    CommandRun none = CommandRun.succeeds(train(plain, 4, 2, "--samples", "0"));
    assertArrayEquals(weights(plain), weights(out));
    assertFalse(Files.exists(plain.resolve("samples.png")));
    assertFalse(none.out().contains("samples  "), none.out());
  }

  @Test
  void classesHaveNames() throws IOException {
    Path images = temporary.resolve("named");
    for (String name : List.of("apps/1.png", "places/2.png", "places/3.png")) {
      Path file = images.resolve(name);
      Files.createDirectories(file.getParent());
      BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
      image.getRaster().setSample(3, 3, 0, name.charAt(name.length() - 5) * 4);
      ImageIO.write(image, "png", file.toFile());
    }
    Path out = temporary.resolve("named-run");
    CommandRun.succeeds(train(out, 1, 2, "--class-conditional", "--data", images.toString()));
    JsonNode labels = json(out.resolve("class_labels.json"));
    assertEquals("apps", labels.get("names").get(0).asString());
    assertEquals("places", manifest(out).at("/data/class_names/1").asString());
    Path singles = temporary.resolve("named-images");
    String[] sample = {"sample", "--model", out.toString(), "--steps", "1", "--count", "3"};
    CommandRun.succeeds(with(sample, "--images", singles.toString(), "--labels", "places,0,2"));
    List<String> classes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      classes.add(PngText.read(singles.resolve("0000%d.png".formatted(i))).get("class"));
    }
    assertEquals(List.of("places", "apps", "none"), classes);
    Path byName = temporary.resolve("by-name.png");
    Path byNumber = temporary.resolve("by-number.png");
    CommandRun.succeeds(with(sample, "--out", byName.toString(), "--labels", "places"));
    CommandRun.succeeds(with(sample, "--out", byNumber.toString(), "--labels", "1"));
    assertArrayEquals(pixels(byName), pixels(byNumber));
    // Below the images there are names.
    assertTrue(
        ImageIO.read(byName.toFile()).getHeight() > ImageIO.read(byName.toFile()).getWidth());
    CommandRun.refused(
        List.of("'cats'", "0 (apps), 1 (places); 2 stands for none"),
        with(sample, "--out", byName.toString(), "--labels", "cats"));
    CommandRun.refused(
        List.of("'3'", "2 stands for none"),
        with(sample, "--out", byName.toString(), "--labels", "3"));
    Path digits = temporary.resolve("digits-run");
    CommandRun other =
        CommandRun.of(train(digits, 1, 2, "--model", out.toString(), "--data", "digits"));
    assertEquals(2, other.code(), other.err());
    Files.move(images.resolve("apps"), images.resolve("zoo"));
    CommandRun swapped =
        CommandRun.succeeds(
            train(digits, 1, 2, "--model", out.toString(), "--data", images.toString()));
    assertTrue(
        swapped.err().contains("places, zoo and those of the model 0 (apps)"), swapped.err());
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.concat(Stream.of(arguments), Stream.of(more)).toArray(String[]::new);
  }

  /** The last timestep is noise alone, in the files and in the training. */
  @Test
  void schedulesAreRescaled() throws IOException {
    Path out = temporary.resolve("zero-snr");
    String[] options = {
      "--rescale-betas-zero-snr", "--schedule", "cosine", "--prediction", "sample"
    };
    CommandRun quiet = CommandRun.succeeds(train(out, 1, 2, options));
    assertFalse(quiet.err().contains("noise alone"), quiet.err());
    JsonNode scheduler = json(out.resolve("scheduler/scheduler_config.json"));
    assertTrue(scheduler.get("rescale_betas_zero_snr").asBoolean());
    assertEquals("squaredcos_cap_v2", scheduler.get("beta_schedule").asString());
    assertTrue(manifest(out).at("/configuration/rescale_betas_zero_snr").asBoolean());
    assertEquals(0, DiffusionModel.read(out).scheduler().config().noiseSchedule().signal(999), 0);
    CommandRun.succeeds("train", "--resume", "--out", out.toString(), "--steps", "2");
    CommandRun epsilon =
        CommandRun.succeeds(
            train(temporary.resolve("zero-epsilon"), 1, 2, "--rescale-betas-zero-snr"));
    assertTrue(epsilon.err().contains("--prediction v_prediction"), epsilon.err());
    CommandRun.refused(
        List.of("--rescale-betas-zero-snr", "--model"),
        train(temporary.resolve("x"), 1, 2, "--model", out.toString(), options[0]));
  }

  /** As a run that was killed before it saved its state for the first time. */
  @Test
  void aRunWithoutStateBeginsAnewButAModelIsKept() throws IOException {
    Path killed = Files.createDirectories(temporary.resolve("killed"));
    Files.copy(run.resolve("manifest.json"), killed.resolve("manifest.json"));
    CommandRun.refused(List.of("already holds a run"), train(killed, 3, 1));
    CommandRun.succeeds(train(killed, 3, 1, "--resume"));
    assertArrayEquals(weights(run), weights(killed));

    AtomicDirectories.remove(killed.resolve("training_state/checkpoint-3"));
    CommandRun.refused(List.of("no checkpoint"), train(killed, 3, 1, "--resume"));
    Path nowhere = temporary.resolve("nowhere");
    CommandRun.refused(List.of("no checkpoint"), train(nowhere, 3, 1, "--resume"));
    assertFalse(Files.exists(nowhere));
  }

  @Test
  void checkpointsAreWrittenKeptAndReplacedWhenDamaged() throws IOException {
    Path out = temporary.resolve("checkpoints");
    String[] options = {"--checkpointing-steps", "1", "--checkpoints-total-limit", "3"};
    CommandRun.succeeds(train(out, 4, 1, options));
    Checkpoints checkpoints = Checkpoints.of(out);
    assertEquals(
        List.of(4, 3, 2), checkpoints.all().stream().map(Checkpoints.Checkpoint::step).toList());
    Path whole = temporary.resolve("unbroken");
    CommandRun.succeeds(train(whole, 5, 1));

    Files.write(checkpoints.directory().resolve("checkpoint-4/state.safetensors"), new byte[9]);
    CommandRun resumed =
        CommandRun.succeeds(
            train(out, 5, 1, "--resume", options[0], options[1], options[2], options[3]));
    assertTrue(
        resumed.err().startsWith("warning: " + checkpoints.directory().resolve("checkpoint-4/")),
        resumed.err());
    assertTrue(
        resumed.err().contains("checksum differs; going on from checkpoint-3, which is whole"),
        resumed.err());
    assertArrayEquals(weights(whole), weights(out));
    assertEquals(5, checkpoints.newest().checkpoint().step());
    CommandRun.refused(List.of("--checkpointing-steps is 0"), train(out, 5, 1, options[0], "0"));
    CommandRun.refused(List.of("--checkpoints-total-limit"), train(out, 5, 1, options[2], "0"));
    CommandRun.refused(List.of("--max-time", "minutes"), train(out, 5, 1, "--max-time", "soon"));
  }

  @Test
  void aDivergedRunSaysWhereAndKeepsItsCheckpoint() throws IOException {
    Path out = temporary.resolve("diverged");
    CommandRun run =
        CommandRun.of(
            train(
                out,
                60,
                2,
                "--lr",
                "900",
                "--warmup",
                "0",
                "--max-grad-norm",
                "0",
                "--checkpointing-steps",
                "1"));
    assertEquals(1, run.code(), run.err());
    String error = run.err().lines().filter(line -> line.startsWith("error: ")).findFirst().get();
    assertTrue(error.contains("the first operation to give one is "), error);
    Checkpoints.Checkpoint last = Checkpoints.of(out).newest().checkpoint();
    assertTrue(error.contains("the last checkpoint, " + last.path() + ", is whole"), error);
    assertTrue(error.contains("lower --lr"), error);
    assertEquals("diverged", manifest(out).get("status").asString());
    assertEquals(last.step() + 1, Files.readAllLines(out.resolve("loss.csv")).size());
  }

  @Test
  void twoAtOnceAreRefused() throws IOException {
    Path busy = temporary.resolve("busy");
    try (RunLock _ = new RunDirectory(busy).lock()) {
      CommandRun.refused(List.of("another process", "--out"), train(busy, 3, 1));
    }
    // What is left of the refusal is no run.
    new RunDirectory(busy).checkFree(TrainingRun.OCCUPIED);
  }

  @Test
  void aModelOfNoNumbersIsAFailure() throws IOException {
    Path broken = temporary.resolve("broken");
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.filter(f -> !f.toString().contains("training_state")).toList()) {
        Files.copy(file, broken.resolve(run.relativize(file)));
      }
    }
    Path weights = broken.resolve("unet/diffusion_pytorch_model.safetensors");
    SequencedMap<String, HostTensor> parameters = Safetensors.read(weights);
    parameters.get("conv_in.weight").values()[0] = Float.NaN;
    Safetensors.write(weights, parameters, Map.of());
    Path out = temporary.resolve("broken.png");
    CommandRun sampled =
        CommandRun.of(
            "sample", "--model", broken.toString(), "--out", out.toString(), "--steps", "1");
    assertEquals(1, sampled.code());
    assertTrue(sampled.err().contains("no numbers"), sampled.err());
    assertFalse(Files.exists(out));
  }

  @Test
  void aRunIsNotOverwritten() throws IOException {
    byte[] before = weights(run);
    CommandRun.refused(List.of("already holds a run", "--out", "--resume"), train(run, 3, 1));
    assertArrayEquals(before, weights(run));
  }

  @Test
  void samplesAreRepeatable() throws IOException {
    Path first = temporary.resolve("new/first.png");
    Path second = temporary.resolve("second.png");
    for (Path out : List.of(first, second)) {
      CommandRun.succeeds(
          "sample",
          "--model",
          run.toString(),
          "--out",
          out.toString(),
          "--count",
          "3",
          "--steps",
          "2",
          "--scheduler",
          "ddim",
          "--seed",
          "9");
    }
    assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
    CommandRun.refused(
        List.of("scheduler", "eular", "DDIMScheduler"),
        "sample",
        "--model",
        run.toString(),
        "--out",
        first.toString(),
        "--scheduler",
        "eular");
    CommandRun.refused(
        List.of("labels", "no classes"),
        "sample",
        "--model",
        run.toString(),
        "--out",
        first.toString(),
        "--labels",
        "1,2");
    assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
  }

  /** The class of images without label is not one to draw unasked. */
  @Test
  void classesOfImagesAreDrawnInTurn() throws IOException {
    Path conditional = temporary.resolve("conditional");
    CommandRun.succeeds(train(conditional, 1, 2, "--class-conditional"));
    List<int[]> pictures = new ArrayList<>();
    for (String labels : List.of("", "0,1,2,3,4,5,6,7,8,9", "0,1,2,3,4,5,6,7,8,9,10")) {
      Path out = temporary.resolve("classes.png");
      List<String> command =
          new ArrayList<>(List.of("sample", "--model", conditional.toString(), "--steps", "1"));
      command.addAll(List.of("--out", out.toString(), "--count", "11"));
      command.addAll(labels.isEmpty() ? List.of() : List.of("--labels", labels));
      CommandRun.succeeds(command.toArray(String[]::new));
      pictures.add(pixels(out));
    }
    assertArrayEquals(pictures.get(1), pictures.get(0));
    assertFalse(Arrays.equals(pictures.get(2), pictures.get(0)));
  }

  /** Resumed and taken as a beginning, a model goes on to predict its variance. */
  @Test
  void aVarianceIsLearnedAndSampled() throws IOException {
    Path learned = temporary.resolve("learned");
    CommandRun.succeeds(train(learned, 2, 2, "--variance", "learned_range"));
    CommandRun.succeeds(train(learned, 3, 2, "--variance", "learned_range", "--resume"));
    CommandRun.refused(
        List.of("run to resume", "variance_type"),
        train(learned, 4, 2, "--resume", "--variance", "fixed_small"));
    for (String line : Files.readAllLines(learned.resolve("loss.csv"))) {
      assertTrue(line.matches(".*(vlb|[0-9])"), line);
    }
    for (String line : Files.readAllLines(run.resolve("loss.csv"))) {
      assertTrue(line.matches(".*(vlb|,)"), line);
    }
    Path finer = temporary.resolve("finer");
    CommandRun.succeeds(train(finer, 1, 2, "--model", learned.toString()));
    for (Path model : List.of(learned, finer)) {
      JsonNode unet = json(model.resolve("unet/config.json"));
      assertEquals(1, unet.get("in_channels").asInt());
      assertEquals(2, unet.get("out_channels").asInt());
      JsonNode scheduler = json(model.resolve("scheduler/scheduler_config.json"));
      assertEquals("learned_range", scheduler.get("variance_type").asString());
      assertEquals("DDPMScheduler", scheduler.get("_class_name").asString());
      Path out = temporary.resolve("learned.png");
      CommandRun.succeeds(
          "sample", "--model", model.toString(), "--out", out.toString(), "--steps", "2");
    }
    CommandRun.refused(
        List.of("--variance", "--model"),
        train(
            temporary.resolve("other"),
            1,
            2,
            "--model",
            learned.toString(),
            "--variance",
            "learned_range"));
    CommandRun.refused(
        List.of("variance_type", "learned_range"),
        train(temporary.resolve("other"), 1, 2, "--variance", "learned"));
  }

  private static JsonNode json(Path file) {
    return JsonMapper.shared().readTree(file.toFile());
  }

  private static HostTensor ramp(int... shape) {
    HostTensor tensor = HostTensor.zeros(shape);
    for (int i = 0; i < tensor.values().length; i++) {
      tensor.values()[i] = (float) Math.sin(i);
    }
    return tensor;
  }

  private static Path input(String name, HostTensor sample, HostTensor timestep, HostTensor target)
      throws IOException {
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("sample", sample);
    tensors.put("timestep", timestep);
    if (target != null) {
      tensors.put("target", target);
    }
    Path file = temporary.resolve(name);
    Safetensors.write(file, tensors, Map.of());
    return file;
  }

  private static String[] predict(Path input, Path out) {
    return new String[] {
      "predict", "--model", run.toString(), "--input", input.toString(), "--out", out.toString()
    };
  }

  @Test
  void predictionsHaveLossAndGradientsWithATarget() throws IOException {
    HostTensor sample = ramp(2, 1, 8, 8);
    HostTensor timestep = new HostTensor(new int[] {2}, new float[] {3, 900});
    Path plain = temporary.resolve("plain.safetensors");
    Path full = temporary.resolve("full.safetensors");
    CommandRun.succeeds(predict(input("plain-in.safetensors", sample, timestep, null), plain));
    CommandRun.succeeds(
        predict(input("full-in.safetensors", sample, timestep, ramp(2, 1, 8, 8)), full));
    Map<String, HostTensor> withoutTarget = Safetensors.read(plain);
    Map<String, HostTensor> withTarget = Safetensors.read(full);
    assertEquals(List.of("sample"), List.copyOf(withoutTarget.keySet()));
    assertEquals(0, withTarget.get("loss").shape().length);

    double loss = 0;
    float[] output = withTarget.get("sample").values();
    for (int i = 0; i < output.length; i++) {
      assertEquals(withoutTarget.get("sample").values()[i], output[i], 1e-6);
      loss += Math.pow(output[i] - Math.sin(i), 2) / output.length;
    }
    assertEquals(loss, withTarget.get("loss").values()[0], 1e-5 * loss);
    Map<String, HostTensor> parameters =
        Safetensors.read(run.resolve("unet/diffusion_pytorch_model.safetensors"));
    assertEquals(parameters.size() + 2, withTarget.size());
    parameters.forEach((name, parameter) ->
        assertArrayEquals(parameter.shape(), withTarget.get("grad." + name).shape(), name));
  }

  @Test
  void predictRefusesWhatDoesNotFitTheModel() throws IOException {
    Path out = temporary.resolve("refused.safetensors");
    HostTensor one = new HostTensor(new int[] {1}, new float[] {3});
    CommandRun.refused(
        List.of("3 channels", "model 1"),
        predict(input("a.safetensors", ramp(1, 3, 8, 8), one, null), out));
    CommandRun.refused(
        List.of("6 x 8", "4 divides"),
        predict(input("b.safetensors", ramp(1, 1, 6, 8), one, null), out));
    CommandRun.refused(
        List.of("timestep", "[3]"),
        predict(input("c.safetensors", ramp(3, 1, 8, 8), ramp(2), null), out));
    CommandRun.refused(
        List.of("target", "[1, 1, 8, 8]"),
        predict(input("d.safetensors", ramp(1, 1, 8, 8), one, ramp(1, 1, 4, 4)), out));
    assertFalse(Files.exists(out));
  }
}
