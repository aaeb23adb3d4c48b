package io.github.tornadodiffusion.experiments.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.images.GreyImage;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.SamplerName;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.Pictures;
import io.github.tornadodiffusion.experiments.PngText;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfigBuilder;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code sample} with a small model that nobody trained. */
class SampleTest {
  private static final int SIZE = 4;

  @TempDir static Path temporary;

  private static String plain;
  private static String guidable;

  @BeforeAll
  static void makeModels() throws IOException {
    plain = model("plain", small());
    guidable = model("guidable", small().numClassEmbeds(4));
    new ClassLabels(3, 3).write(Path.of(guidable));
  }

  private static UNet2DConfigBuilder small() {
    return UNet2DConfig.builder()
        .sampleSize(SIZE)
        .inChannels(1)
        .outChannels(1)
        .blockOutChannels(8)
        .downBlockTypes("DownBlock2D")
        .upBlockTypes("UpBlock2D")
        .layersPerBlock(1)
        .normNumGroups(2);
  }

  private static String model(String name, UNet2DConfigBuilder builder) throws IOException {
    UNet2DConfig config = builder.build();
    Path directory = temporary.resolve(name);
    new DiffusionModel(
            new DDPMScheduler(SchedulerConfig.of(100, BetaSchedule.LINEAR, PredictionType.EPSILON)),
            config,
            Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 1))
        .writeInto(directory);
    return directory.toString();
  }

  private static String[] sample(String model, Object... more) {
    List<String> arguments = new ArrayList<>(List.of("sample", "--model", model));
    for (Object argument : more) {
      arguments.add(argument.toString());
    }
    Map.of("--steps", "5", "--count", "3")
        .forEach((option, value) -> {
          if (!arguments.contains(option)) {
            arguments.addAll(List.of(option, value));
          }
        });
    return arguments.toArray(String[]::new);
  }

  /** The images of a run, pixel by pixel. */
  private static List<int[]> images(String model, Object... more) throws IOException {
    Path directory = temporary.resolve("images-" + System.nanoTime());
    List<Object> arguments = new ArrayList<>(List.of(more));
    arguments.addAll(List.of("--images", directory));
    CommandRun.succeeds(sample(model, arguments.toArray()));
    List<int[]> images = new ArrayList<>();
    for (Path file : files(directory)) {
      images.add(pixels(file));
    }
    return images;
  }

  private static int[] pixels(Path file) throws IOException {
    return Pictures.pixels(GreyImage.toRgb(ImageIO.read(file.toFile())));
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  private static void assertSame(List<int[]> expected, List<int[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), "image " + i);
    }
  }

  private static boolean same(List<int[]> one, List<int[]> other) {
    return Arrays.deepEquals(one.toArray(), other.toArray());
  }

  @Test
  void singleImagesSayHowTheyWereMade() throws IOException {
    Path directory = temporary.resolve("new/single");
    CommandRun run =
        CommandRun.succeeds(
            sample(guidable, "--images", directory, "--labels", "2,0", "--seed", "8"));
    assertEquals("images    " + directory + ", 3 files", run.out().strip());
    List<Path> files = files(directory);
    assertEquals(
        List.of("00000.png", "00001.png", "00002.png"),
        files.stream().map(file -> file.getFileName().toString()).toList());
    Map<String, String> text = PngText.read(files.get(1));
    assertEquals(guidable, text.get("model"));
    assertEquals("DDPMScheduler", text.get("scheduler"));
    assertEquals("5", text.get("steps"));
    assertEquals("8", text.get("seed"));
    assertEquals("1", text.get("index"));
    assertEquals("0", text.get("label"));
    assertEquals("2", PngText.read(files.get(2)).get("label"));
    assertEquals(SIZE, ImageIO.read(files.get(0).toFile()).getWidth());
  }

  @Test
  void singleImagesAreThoseOfThePictureWhateverTheBatch() throws IOException {
    Path picture = temporary.resolve("grid.png");
    List<int[]> images = images(plain, "--out", picture);
    assertSame(images, images(plain, "--batch", "2"));
    BufferedImage grid = GreyImage.toRgb(ImageIO.read(picture.toFile()));
    for (int i = 0; i < 3; i++) {
      // Images of 4 pixels are enlarged 16 times, two a row, with gaps of 2.
      assertEquals(images.get(i)[0], grid.getRGB(2 + i % 2 * 66, 2 + i / 2 * 66));
    }
  }

  @Test
  void directoriesWithAnythingInThemAreLeftAlone() throws IOException {
    Path directory = Files.createDirectories(temporary.resolve("occupied"));
    Path mine = Files.writeString(directory.resolve("mine.txt"), "mine");
    CommandRun.refused(List.of("not empty"), sample(plain, "--images", directory));
    assertEquals(List.of(mine), files(directory));
    CommandRun.refused(List.of("is a file"), sample(plain, "--images", mine));
    assertEquals("mine", Files.readString(mine));
  }

  /** With the single images there, a picture of many shows the first of them. */
  @Test
  void aPictureOfManyIsLimited() throws IOException {
    Path picture = temporary.resolve("many.png");
    Path directory = temporary.resolve("many");
    CommandRun run =
        CommandRun.succeeds(
            sample(
                plain, "--images", directory, "--out", picture, "--count", "260", "--steps", "1"));
    assertTrue(run.out().contains("the first 256 of 260"), run.out());
    assertEquals(260, files(directory).size());
    assertEquals(16 * 66 + 2, ImageIO.read(picture.toFile()).getWidth());
  }

  /** All images of a long run are more values than an array has. */
  @Test
  void imagesFarBeyondThePictureAreNotInIt() {
    SampleOutputs outputs = new SampleOutputs();
    outputs.images = temporary;
    Film.ImageShape shape = new Film.ImageShape(1, 1024, 1024);
    SampleWriter writer =
        new SampleWriter(
            outputs, new SampleWriter.Batching(3000, 16, 1, shape), null, Map.of(), null);
    assertDoesNotThrow(() -> writer.images(2048, 0, new float[0]));
  }

  @Test
  void stripsAndAnimationsLeadFromNoiseToTheImages() throws IOException {
    Path strip = temporary.resolve("strip.png");
    Path gif = temporary.resolve("film.gif");
    List<int[]> images = images(plain, "--strip", strip, "--gif", gif);
    BufferedImage frames = GreyImage.toRgb(ImageIO.read(strip.toFile()));
    assertEquals(6 * 66 + 2, frames.getWidth());
    assertEquals(3 * 66 + 2, frames.getHeight());
    for (int i = 0; i < 3; i++) {
      assertEquals(images.get(i)[0], frames.getRGB(5 * 66 + 2, i * 66 + 2));
    }
    assertNotEquals(column(frames, 0), column(frames, 5));
    ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
    try (ImageInputStream input = ImageIO.createImageInputStream(gif.toFile())) {
      reader.setInput(input);
      assertEquals(6, reader.getNumImages(true));
    } finally {
      reader.dispose();
    }
  }

  /** A column of the strip, pixel by pixel. */
  private static List<Integer> column(BufferedImage strip, int frame) {
    int[] pixels = strip.getRGB(frame * 66 + 2, 2, 64, 3 * 66, null, 0, 64);
    return Arrays.stream(pixels).boxed().toList();
  }

  @Test
  void etaIsForDdim() throws IOException {
    List<int[]> none = images(plain, "--scheduler", "ddim");
    assertSame(none, images(plain, "--scheduler", "ddim", "--eta", "0"));
    assertFalse(same(none, images(plain, "--scheduler", "ddim", "--eta", "1")));
    Path out = temporary.resolve("eta.png");
    CommandRun.refused(
        List.of("--eta", "DDPMScheduler", "--scheduler ddim"),
        sample(plain, "--out", out, "--eta", "0.5"));
    CommandRun.refused(
        List.of("eta is 2.0", "0 to 1"),
        sample(plain, "--out", out, "--eta", "2", "--scheduler", "ddim"));
    CommandRun.refused(
        List.of("--mu is for", "DDPMScheduler"), sample(plain, "--out", out, "--mu", "1"));
    assertFalse(Files.exists(out));
  }

  /** PyTorch's noise of an image depends on how many there are. */
  @Test
  void noiseMayBePyTorchs() throws IOException {
    List<int[]> torch = images(plain, "--rng", "torch");
    assertFalse(same(torch, images(plain)));
    assertSame(torch, images(plain, "--rng", "torch", "--batch", "1"));
    CommandRun.refused(
        List.of("rng", "torch"),
        sample(plain, "--out", temporary.resolve("rng.png"), "--rng", "numpy"));
  }

  @Test
  void guidanceNeedsALabelThatStandsForNone() throws IOException {
    List<int[]> unguided = images(guidable);
    assertSame(unguided, images(guidable, "--guidance", "1"));
    assertFalse(same(unguided, images(guidable, "--guidance", "5")));
    assertSame(
        images(guidable, "--labels", "3"), images(guidable, "--guidance", "0", "--labels", "1"));
    String full = model("full", small().numClassEmbeds(4));
    Path out = temporary.resolve("guided.png");
    for (String model : List.of(full, plain)) {
      CommandRun.refused(
          List.of("--guidance", "--label-dropout"), sample(model, "--out", out, "--guidance", "2"));
    }
    CommandRun.refused(
        List.of("--guidance is -1"), sample(guidable, "--out", out, "--guidance", "-1"));
    assertFalse(Files.exists(out));
  }

  private static Path picture(String name, int width, int height, int whiteFrom)
      throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, x < whiteFrom ? 0x10_10_10 * (x + 3 * y) : 0xFF_FF_FF);
      }
    }
    Path file = temporary.resolve(name);
    PngFiles.write(file, image, Map.of());
    return file;
  }

  private static Path mask(String name, int width, int height) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = width / 2; x < width; x++) {
        image.setRGB(x, y, 0xFF_FF_FF);
      }
    }
    Path file = temporary.resolve(name);
    PngFiles.write(file, image, Map.of());
    return file;
  }

  @Test
  void imagesMayBeginWithOthers() throws IOException {
    Path init = picture("init.png", SIZE, SIZE, SIZE);
    int[] original = pixels(init);
    List<int[]> much = images(plain, "--init", init, "--strength", "1");
    List<int[]> little = images(plain, "--init", init, "--strength", "0.01", "--steps", "100");
    for (int i = 0; i < 3; i++) {
      assertTrue(distance(original, little.get(i)) < 8, "little strength");
      assertTrue(distance(original, much.get(i)) > 30, "much strength");
    }
    assertSame(images(plain, "--init", init), images(plain, "--init", init, "--strength", "0.8"));
  }

  private static double distance(int[] one, int[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += Math.abs((one[i] & 0xFF) - (other[i] & 0xFF));
    }
    return sum / one.length;
  }

  @Test
  void inpaintingKeepsPixels() throws IOException {
    Path init = picture("kept.png", SIZE, SIZE, SIZE);
    Path mask = mask("mask.png", SIZE, SIZE);
    int[] original = pixels(init);
    List<int[]> images = images(plain, "--init", init, "--mask", mask);
    for (int[] image : images) {
      int drawn = 0;
      for (int i = 0; i < image.length; i++) {
        if (i % SIZE < SIZE / 2) {
          assertEquals(original[i], image[i], "pixel " + i);
        } else if (original[i] != image[i]) {
          drawn++;
        }
      }
      assertTrue(drawn > 0);
    }
    assertFalse(same(images, images(plain, "--init", init, "--mask", mask, "--resample", "3")));
  }

  @Test
  void imagesThatDoNotGoTogetherAreRefused() throws IOException {
    Path init = picture("other.png", SIZE, SIZE, SIZE);
    Path mask = mask("whole.png", SIZE, SIZE);
    Path wide = mask("wide.png", 2 * SIZE, SIZE);
    Path out = temporary.resolve("none/refused.png");
    refuses(List.of("--strength", "--init"), out, "--strength", "0.5");
    refuses(List.of("--mask", "--init"), out, "--mask", mask);
    refuses(List.of("--resample", "mask"), out, "--init", init, "--resample", "2");
    refuses(List.of("--strength"), out, "--init", init, "--mask", mask, "--strength", "0.5");
    refuses(List.of("--resample is 0"), out, "--init", init, "--mask", mask, "--resample", "0");
    refuses(List.of("strength is 1.5", "at most 1"), out, "--init", init, "--strength", "1.5");
    refuses(List.of("strength 0.1", "5 steps"), out, "--init", init, "--strength", "0.1");
    refuses(List.of("8x4 pixels", "4x4"), out, "--init", init, "--mask", wide);
    refuses(List.of("no-such.png"), out, "--init", "no-such.png");
    refuses(List.of("no-such.png"), out, "--init", init, "--mask", "no-such.png");
    assertFalse(Files.exists(out.getParent()));
  }

  private static void refuses(List<String> keyWords, Path out, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("--out", out));
    arguments.addAll(List.of(more));
    CommandRun.refused(keyWords, sample(plain, arguments.toArray()));
  }

  @Test
  void outputsAreNamedOnceAndAsTheyAre() {
    Path out = temporary.resolve("none/a.png");
    CommandRun.refused(List.of("--out", "--images", "--strip", "--gif"), sample(plain));
    CommandRun.refused(List.of("twice"), sample(plain, "--out", out, "--strip", out));
    CommandRun.refused(List.of("--gif", ".gif"), sample(plain, "--gif", out));
    CommandRun.refused(
        List.of("--strip", ".png"), sample(plain, "--strip", out.resolveSibling("a.gif")));
    assertFalse(Files.exists(out.getParent()));
  }

  /** Each leads to images, or says why not. */
  @Test
  void everySchedulerDrawsOrSaysWhyNot() {
    Path out = temporary.resolve("any.png");
    for (String scheduler : Schedulers.CLASS_NAMES) {
      String[] command = sample(plain, "--scheduler", scheduler, "--steps", "6", "--out", out);
      if (List.of("EDM", "Flow", "CM").stream().anyMatch(scheduler::startsWith)) {
        CommandRun.refused(List.of("DDPMScheduler", scheduler, "other answers"), command);
      } else if (scheduler.equals("DDIMInverseScheduler")) {
        CommandRun.refused(List.of(scheduler, "to noise"), command);
      } else {
        CommandRun.succeeds(command);
      }
    }
  }

  @Test
  void aBeginningWithoutImageIsWarnedOf() throws IOException {
    UNet2DConfig config = small().build();
    Path cosine = temporary.resolve("cosine");
    new DiffusionModel(
            new DDPMScheduler(
                SchedulerConfig.of(1000, BetaSchedule.SQUAREDCOS_CAP_V2, PredictionType.EPSILON)),
            config,
            Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 1))
        .writeInto(cosine);
    Path out = temporary.resolve("cosine.png");
    String[] bad = sample(cosine.toString(), "--scheduler", "dpmsolver-singlestep", "--out", out);
    assertTrue(CommandRun.succeeds(bad).err().contains("lambda_min_clipped"));
    for (String good : List.of("ddpm", "ddim", "euler", "dpmsolver-multistep")) {
      String[] command = sample(cosine.toString(), "--scheduler", good, "--out", out);
      assertFalse(CommandRun.succeeds(command).err().contains("warning"), good);
    }
  }

  /** However x_0 is bounded: that makes what looks like an image of what is none. */
  @ParameterizedTest
  @CsvSource({
    "DDIMScheduler, clip_sample, trailing, true",
    "DDPMScheduler, clip_sample, linspace, true",
    "DDIMScheduler, thresholding, trailing, true",
    "DDIMScheduler, nothing, trailing, true",
    "LCMScheduler, clip_sample, leading, true",
    "DPMSolverMultistepScheduler, thresholding, trailing, true",
    "UniPCMultistepScheduler, thresholding, trailing, true",
    "EulerDiscreteScheduler, nothing, trailing, true",
    "EulerAncestralDiscreteScheduler, nothing, linspace, true",
    "DDIMScheduler, clip_sample, leading, false",
    "EulerDiscreteScheduler, nothing, leading, false"
  })
  void noiseAloneIsWarnedOf(String scheduler, String bound, String spacing, boolean warned)
      throws IOException {
    for (PredictionType prediction : PredictionType.PRESERVING) {
      String config =
          """
          {"rescale_betas_zero_snr": true, "clip_sample": %s, "thresholding": %s,
           "timestep_spacing": "%s", "prediction_type": "%s"}
          """
              .formatted(
                  bound.equals("clip_sample"),
                  bound.equals("thresholding"),
                  spacing,
                  prediction.id());
      boolean epsilon = prediction == PredictionType.EPSILON;
      if (prediction == PredictionType.SAMPLE && scheduler.contains("Ancestral")) {
        continue; // which diffusers does not have
      }
      Scheduler made = Schedulers.of(scheduler, JsonFields.parse(config));
      Optional<String> warning = SamplerOptions.warning(made, Sampling.of(made, 10).call(0));
      assertEquals(warned && epsilon, warning.isPresent(), prediction + " " + warning);
      warning.ifPresent(text -> {
        assertTrue(text.startsWith(scheduler + " begins at timestep 999 with noise alone"), text);
        assertFalse(text.contains("Infinity"), text);
      });
    }
  }

  /** Betas of one's own may end without signal too, where no class puts a bound to the level. */
  @Test
  void betasOfOnesOwnAreLookedAtToo() {
    for (String name : List.of("heun", "ddim", "lms", "pndm", "dpm++ 2m", "unipc", "kdpm2")) {
      SamplerName sampler = SamplerName.of(name);
      JsonFields config =
          JsonFields.parse(
              """
              {"num_train_timesteps": 4, "trained_betas": [0.1, 0.2, 0.3, 1.0],
               "timestep_spacing": "trailing", "clip_sample": true, "thresholding": true,
               "skip_prk_steps": true}
              """);
      Scheduler made = Schedulers.of(sampler.className(), config.with(sampler.options()));
      String warning = SamplerOptions.warning(made, Sampling.of(made, 2).call(0)).orElseThrow();
      assertTrue(warning.contains("timestep 3 with noise alone"), warning);
    }
  }

  /** Paths begin with noise alone by their nature, and their models say where to go. */
  @Test
  void modelsOfOtherKindsAreNotWarnedOf() {
    for (String name :
        List.of("EDMEulerScheduler", "FlowMatchEulerDiscreteScheduler", "DDPMScheduler")) {
      Scheduler made = Schedulers.of(name, JsonFields.parse("{}"));
      assertEquals(
          Optional.empty(), SamplerOptions.warning(made, Sampling.of(made, 5).call(0)), name);
    }
  }

  /** The sampler does not begin at its first timestep there. */
  @Test
  void imagesAreNotBegunWithNoiseAlone() throws IOException {
    UNet2DConfig config = small().build();
    Path zero = temporary.resolve("zero");
    String json = "{\"rescale_betas_zero_snr\": true, \"timestep_spacing\": \"trailing\"}";
    new DiffusionModel(
            Schedulers.of("ddim", JsonFields.parse(json)),
            config,
            Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 1))
        .writeInto(zero);
    Path image = temporary.resolve("begin.png");
    CommandRun.succeeds(sample(plain, "--out", image));
    Path out = temporary.resolve("zero.png");
    for (String strength : List.of("1", "0.6")) {
      String err =
          CommandRun.succeeds(
                  sample(zero.toString(), "--init", image, "--strength", strength, "--out", out))
              .err();
      assertEquals(strength.equals("1"), err.contains("with noise alone"), err);
    }
  }

  @Test
  void aNameOfASamplerIsExplained() throws IOException {
    Path out = temporary.resolve("named");
    CommandRun run =
        CommandRun.succeeds(
            sample(plain, "--scheduler", "DPM++ 2M Karras", "--count", "1", "--images", out));
    assertTrue(
        run.err()
            .contains(
                "scheduler DPM++ 2M Karras: DPMSolverMultistepScheduler with algorithm_type"
                    + " dpmsolver++, solver_order 2, use_karras_sigmas true"),
        run.err());
    Map<String, String> text = PngText.read(out.resolve("00000.png"));
    assertEquals("DPMSolverMultistepScheduler", text.get("scheduler"));
    assertEquals(
        "algorithm_type dpmsolver++, solver_order 2, use_karras_sigmas true",
        text.get("scheduler options"));
    String whole =
        CommandRun.succeeds(
                sample(plain, "--scheduler", "DDIMScheduler", "--out", temporary.resolve("x.png")))
            .err();
    assertFalse(whole.contains("scheduler "), whole);
    CommandRun.refused(
        List.of("DPM++ 2S a is not implemented here", "'dpm++ 2s'"),
        sample(plain, "--scheduler", "DPM++ 2S a", "--out", temporary.resolve("y.png")));
  }

  /** Of one channel in every picture that sample writes, as diffusers writes single images. */
  @Test
  void picturesOfOneChannelAreGrey() throws IOException {
    Path single = temporary.resolve("grey");
    Path grid = temporary.resolve("grey.png");
    Path strip = temporary.resolve("strip-grey.png");
    CommandRun.succeeds(sample(plain, "--images", single, "--out", grid, "--strip", strip));
    for (Path file : List.of(single.resolve("00000.png"), grid, strip)) {
      // The tenth byte of the header says the colour type: 0 is grey.
      byte[] bytes = Files.readAllBytes(file);
      assertEquals(0, bytes[25], file.toString());
      assertEquals(8, bytes[24], file.toString());
    }
  }
}
