package io.github.tornadodiffusion.experiments.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.Pictures;
import io.github.tornadodiffusion.experiments.PngText;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code sample --prompt} with a small model of diffusers that nobody trained. */
class TextSamplingTest {
  private static final Path GOLDEN = Path.of("../nn/src/test/resources/golden");
  private static final Path MODEL = GOLDEN.resolve("sd_tiny");

  @TempDir Path temporary;

  private static String[] sample(Path model, Object... more) {
    List<String> arguments =
        new ArrayList<>(List.of("sample", "--model", model.toString(), "--steps", "2"));
    for (Object argument : more) {
      arguments.add(argument.toString());
    }
    return arguments.toArray(String[]::new);
  }

  private List<int[]> images(Path model, Object... more) throws IOException {
    Path directory = temporary.resolve("images-" + System.nanoTime());
    List<Object> arguments = new ArrayList<>(List.of(more));
    arguments.addAll(List.of("--images", directory));
    CommandRun.succeeds(sample(model, arguments.toArray()));
    List<int[]> images = new ArrayList<>();
    try (var files = Files.list(directory)) {
      for (Path file : files.sorted().toList()) {
        images.add(Pictures.pixels(ImageIO.read(file.toFile())));
      }
    }
    return images;
  }

  @Test
  void everyImageSaysWhatItShows() throws IOException {
    Path directory = temporary.resolve("single");
    Path out = temporary.resolve("all.png");
    CommandRun.succeeds(
        sample(
            MODEL,
            "--prompt",
            "a photo of a cat",
            "--prompt",
            "snow",
            "--negative",
            "blue dog",
            "--seed",
            3,
            "--size",
            "24x16",
            "--images",
            directory,
            "--out",
            out));
    Path second = directory.resolve("00001.png");
    Map<String, String> text = PngText.read(second);
    assertEquals("snow", text.get("prompt"));
    assertEquals("blue dog", text.get("negative prompt"));
    assertEquals("7.5", text.get("guidance"));
    assertEquals(
        "snow\n"
            + "Negative prompt: blue dog\n"
            + "Steps: 2, Sampler: PNDMScheduler, CFG scale: 7.5, Seed: 3, Size: 24x16, Model:"
            + " sd_tiny",
        text.get("parameters"));
    assertEquals("a photo of a cat\nsnow", PngText.read(out).get("prompt"));
    BufferedImage image = ImageIO.read(second.toFile());
    assertEquals(24, image.getWidth());
    assertEquals(16, image.getHeight());
  }

  @Test
  void anImageDependsOnItsPromptItsNumberAndTheSeed() throws IOException {
    List<int[]> two = images(MODEL, "--prompt", "a photo of a cat", "--count", 2);
    List<int[]> other = images(MODEL, "--prompt", "snow", "--count", 2);
    List<int[]> both =
        images(MODEL, "--prompt", "a photo of a cat", "--prompt", "snow", "--batch", 2);
    assertArrayEquals(two.getFirst(), both.getFirst());
    assertArrayEquals(other.getLast(), both.getLast());
    assertFalse(Arrays.equals(two.getLast(), both.getLast()));
    List<int[]> unguided =
        images(MODEL, "--prompt", "a photo of a cat", "--count", 2, "--guidance", 1);
    assertFalse(Arrays.equals(two.getFirst(), unguided.getFirst()));
  }

  @Test
  void modelsOfTwoTextEncodersAndTiles() throws IOException {
    Path sdxl = GOLDEN.resolve("sdxl_tiny");
    List<int[]> whole = images(sdxl, "--prompt", "a photo of a cat", "--size", "32x32");
    List<int[]> tiled =
        images(sdxl, "--prompt", "a photo of a cat", "--size", "32x32", "--vae-tile", 16);
    double mean = 0;
    for (int i = 0; i < whole.getFirst().length; i++) {
      int difference = (whole.getFirst()[i] & 0xff) - (tiled.getFirst()[i] & 0xff);
      mean += (double) Math.abs(difference) / whole.getFirst().length;
    }
    // The normalisations of a tile see no other one.
    assertTrue(mean > 0 && mean < 25, "tiles differ by " + mean);
  }

  @Test
  void beginsWithAnImageAndKeepsPartsOfIt() throws IOException {
    Path init = temporary.resolve("init.png");
    Path mask = temporary.resolve("mask.png");
    BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    BufferedImage left = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    for (int y = 0; y < 16; y++) {
      for (int x = 0; x < 16; x++) {
        image.setRGB(x, y, 0x10101 * (16 * y + x));
        left.setRGB(x, y, x < 8 ? 0xffffff : 0);
      }
    }
    ImageIO.write(image, "png", init.toFile());
    ImageIO.write(left, "png", mask.toFile());
    List<int[]> changed =
        images(MODEL, "--prompt", "snow", "--scheduler", "ddim", "--init", init, "--strength", 0.5);
    List<int[]> filled =
        images(MODEL, "--prompt", "snow", "--scheduler", "ddim", "--init", init, "--mask", mask);
    assertFalse(Arrays.equals(changed.getFirst(), filled.getFirst()));
  }

  @Test
  void lorasAndLearnedWords() throws IOException {
    Path lora = GOLDEN.resolve("lora/pytorch_lora_weights.safetensors");
    Path word = GOLDEN.resolve("textual_inversion/learned_embeds.safetensors");
    Object[] prompt = {"--prompt", "a photo of a <cat-toy>"};
    List<int[]> plain = images(MODEL, prompt);
    List<int[]> off = images(MODEL, "--lora", lora + ":0", prompt[0], prompt[1]);
    List<int[]> on = images(MODEL, "--lora", lora, prompt[0], prompt[1]);
    List<int[]> twice =
        images(MODEL, "--lora", lora + ":0.25", "--lora", lora + ":0.75", prompt[0], prompt[1]);
    List<int[]> taught = images(MODEL, "--embedding", word, prompt[0], prompt[1]);
    assertArrayEquals(plain.getFirst(), off.getFirst());
    assertFalse(Arrays.equals(plain.getFirst(), on.getFirst()));
    assertFalse(Arrays.equals(plain.getFirst(), taught.getFirst()));
    for (int i = 0; i < on.getFirst().length; i++) {
      int a = on.getFirst()[i] & 0xff;
      assertEquals(a, twice.getFirst()[i] & 0xff, 1);
    }
  }

  @Test
  void adaptersOfOtherModelsAreRefused() throws IOException {
    Path lora = GOLDEN.resolve("lora/pytorch_lora_weights.safetensors");
    Path word = GOLDEN.resolve("textual_inversion/learned_embeds.safetensors");
    Path sdxl = GOLDEN.resolve("sdxl_tiny");
    Object[] out = {"--prompt", "a", "--out", temporary.resolve("x.png")};
    CommandRun.refused(
        List.of("pytorch_lora_weights.safetensors: ", "use a LoRA for this model"),
        sample(sdxl, out[0], out[1], out[2], out[3], "--lora", lora));
    CommandRun.refused(
        List.of("<cat-toy> has vectors of 32 channels and the text encoder reads"),
        sample(sdxl, out[0], out[1], out[2], out[3], "--embedding", word));
    CommandRun.refused(
        List.of("is no learned embedding"),
        sample(MODEL, out[0], out[1], out[2], out[3], "--embedding", lora));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--out x.png|the model draws what a text says; give one with --prompt",
        "--out x.png --prompt a --size 20x16|--size is 20x16; give WIDTHxHEIGHT in multiples of 8",
        "--out x.png --prompt a --prompt b --prompt c --negative d --negative e"
            + "|there are 2 --negative for 3 --prompt",
        "--out x.png --prompt a --prompt b --count 1|--count is 1 and there are 2 prompts",
        "--out x.png --prompt a --clip-skip -1|--clip-skip is -1; give 0 or more",
        "--out x.png --prompt a --guidance-rescale 2|--guidance-rescale is 2.0; give 0 to 1",
        "--out x.png --prompt a --labels 1|--labels is for models of classes",
        "--out x.png --prompt a --mask m.png|--mask needs an image; give one with --init",
        "--gif x.gif --prompt a|--strip and --gif show images on their way",
        "--out x.png --prompt a --vae-tile 7|A tile has 7 pixels: use a multiple of 8"
      })
  void optionsThatDoNotFitAreRefused(String options, String message) throws IOException {
    String[] more = options.replace(" x.", " " + temporary + "/x.").split(" ");
    CommandRun.refused(List.of(message), sample(MODEL, (Object[]) more));
  }

  @Test
  void goesOnWithTheFirstImageThatIsMissing() throws IOException {
    Path directory = temporary.resolve("kept");
    Object[] options = {
      "--prompt", "snow", "--prompt", "blue dog", "--images", directory, "--resume"
    };
    CommandRun.succeeds(sample(MODEL, options));
    Path last = directory.resolve("00001.png");
    byte[] before = Files.readAllBytes(last);
    Files.delete(last);
    CommandRun run = CommandRun.succeeds(sample(MODEL, options));
    assertTrue(run.err().contains("1 of 2 images are there"), run.err());
    assertArrayEquals(before, Files.readAllBytes(last));
    options[1] = "cat";
    CommandRun.refused(List.of("made with prompt snow and not cat"), sample(MODEL, options));
  }

  @Test
  void whatIsCutOffIsQuoted() throws IOException {
    String prompt = "a photo of a cat and an oil painting of a red butterfly in snow";
    CommandRun run =
        CommandRun.succeeds(
            sample(MODEL, "--prompt", prompt, "--out", temporary.resolve("long.png")));
    assertTrue(run.err().contains("this is cut off: \""), run.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"vae", "text_encoder", "tokenizer", "unet"})
  void aPartThatIsMissingIsNamed(String part) throws IOException {
    Path copy = temporary.resolve("copy");
    try (var files = Files.walk(MODEL)) {
      for (Path file : files.toList()) {
        Path to = copy.resolve(MODEL.relativize(file).toString());
        if (!MODEL.relativize(file).startsWith(part)) {
          if (Files.isDirectory(file)) {
            Files.createDirectories(to);
          } else {
            Files.copy(file, to);
          }
        }
      }
    }
    CommandRun.refused(
        List.of("has no " + part + ", which its model_index.json"),
        sample(copy, "--prompt", "a", "--out", temporary.resolve("x.png")));
  }
}
