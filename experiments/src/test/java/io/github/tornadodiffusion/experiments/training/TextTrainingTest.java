package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The trainings of models that read texts, with a small model of diffusers. */
class TextTrainingTest {
  private static final Path GOLDEN = Path.of("../nn/src/test/resources/golden");
  private static final Path MODEL = GOLDEN.resolve("sd_tiny");
  private static final String UNET = "unet/diffusion_pytorch_model.safetensors";
  private static final String VAE = "vae/diffusion_pytorch_model.safetensors";
  private static final String TEXT = "text_encoder/model.safetensors";
  private static final String LORA = "pytorch_lora_weights.safetensors";

  @TempDir Path temporary;

  private Path images;

  @BeforeEach
  void makeImages() throws IOException {
    images = temporary.resolve("images");
    Files.createDirectories(images);
    for (int i = 0; i < 3; i++) {
      BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
      for (int pixel = 0; pixel < 256; pixel++) {
        image.setRGB(pixel % 16, pixel / 16, 0x10801 * pixel + 0x300000 * i);
      }
      ImageIO.write(image, "png", images.resolve(i + ".png").toFile());
    }
  }

  private String[] train(String what, Path out, Object... more) {
    List<String> arguments = new ArrayList<>(List.of("train", what));
    for (Object argument : more) {
      arguments.add(argument.toString());
    }
    if (!arguments.contains("--resume")) {
      arguments.addAll(List.of("--model", MODEL.toString(), "--samples", "0"));
    }
    arguments.addAll(List.of("--out", out.toString()));
    return arguments.toArray(String[]::new);
  }

  /** Names, shapes and types of a file's tensors. */
  private static Map<String, String> layout(Path file) throws IOException {
    Map<String, String> layout = new TreeMap<>();
    try (SafetensorsFile tensors = Safetensors.open(file)) {
      for (String name : tensors.names()) {
        layout.put(name, Arrays.toString(tensors.tensor(name).shape()));
      }
    }
    byte[] bytes = Files.readAllBytes(file);
    int header = bytes[0] & 0xff | (bytes[1] & 0xff) << 8 | (bytes[2] & 0xff) << 16;
    layout.put(
        "types",
        Boolean.toString(
            new String(bytes, 8, header, StandardCharsets.UTF_8)
                .replace("\"dtype\":\"F32\"", "")
                .contains("dtype")));
    return layout;
  }

  private static byte[] bytes(Path directory, String file) throws IOException {
    return Files.readAllBytes(directory.resolve(file));
  }

  @Test
  void dreamBoothWritesWhatDiffusersReads() throws IOException {
    Path out = temporary.resolve("out");
    CommandRun.succeeds(
        train(
            "dreambooth",
            out,
            "--instance-data",
            images,
            "--instance-prompt",
            "a photo of sks dog",
            "--steps",
            2));
    for (String file : List.of(UNET, VAE, TEXT)) {
      assertEquals(layout(MODEL.resolve(file)), layout(out.resolve(file)), file);
    }
    // What is not trained stays the same to the last bit.
    for (String file : List.of(VAE, TEXT)) {
      try (SafetensorsFile before = Safetensors.open(MODEL.resolve(file));
          SafetensorsFile after = Safetensors.open(out.resolve(file))) {
        for (String name : before.names()) {
          assertArrayEquals(before.tensor(name).values(), after.tensor(name).values(), name);
        }
      }
    }
    for (String file :
        List.of(
            "model_index.json",
            "tokenizer/vocab.json",
            "tokenizer/merges.txt",
            "scheduler/scheduler_config.json",
            "unet/config.json")) {
      assertTrue(Files.exists(out.resolve(file)), file);
    }
    CommandRun.succeeds(
        "sample",
        "--model",
        out.toString(),
        "--prompt",
        "sks dog",
        "--steps",
        "1",
        "--out",
        temporary.resolve("x.png").toString());
  }

  /** With images of the class that are drawn, the text encoder and an average. */
  @Test
  void aLoraGoesOnToTheSameBits() throws IOException {
    Path classes = temporary.resolve("class");
    Object[] options = {
      "--instance-data",
      images,
      "--instance-prompt",
      "a photo of sks dog",
      "--class-prompt",
      "a photo of a dog",
      "--class-data",
      classes,
      "--num-class-images",
      2,
      "--lora-rank",
      4,
      "--train-text-encoder",
      "--ema",
      0.9,
      "--sample-steps",
      1,
      "--steps"
    };
    Path whole = temporary.resolve("whole");
    Path parts = temporary.resolve("parts");
    CommandRun first = CommandRun.succeeds(train("dreambooth", whole, and(options, 4)));
    assertTrue(first.err().contains("2 of 2 images of \"a photo of a dog\" are missing"));
    assertTrue(Files.exists(classes.resolve("class-00001.png")));
    CommandRun second = CommandRun.succeeds(train("dreambooth", parts, and(options, 2)));
    assertFalse(second.err().contains("are missing"), second.err());
    CommandRun.succeeds(train("dreambooth", parts, "--resume", "--steps", 4));
    assertArrayEquals(bytes(whole, LORA), bytes(parts, LORA));
    assertEquals(layout(GOLDEN.resolve("lora").resolve(LORA)), layout(whole.resolve(LORA)));
    // A checkpoint has what is trained alone.
    Path state = whole.resolve("training_state/checkpoint-4/state.safetensors");
    try (SafetensorsFile tensors = Safetensors.open(state)) {
      assertTrue(tensors.names().stream().allMatch(name -> name.contains(".lora_")));
    }
  }

  private static Object[] and(Object[] options, Object last) {
    Object[] all = Arrays.copyOf(options, options.length + 1);
    all[options.length] = last;
    return all;
  }

  @Test
  void captionsOfAllKinds() throws IOException {
    Files.writeString(
        images.resolve("metadata.jsonl"), "{\"file_name\":\"0.png\",\"text\":\"snow\"}\n");
    Files.writeString(images.resolve("1.txt"), "a photo of a cat\n");
    Path out = temporary.resolve("out");
    CommandRun run =
        CommandRun.succeeds(
            train("text-to-image", out, "--data", images, "--steps", 2, "--batch", 2, "--flip"));
    assertTrue(run.err().contains("1 of 3 images in "), run.err());
    assertTrue(run.err().contains("have no caption and are left out, such as 2.png"), run.err());
    Files.delete(images.resolve("metadata.jsonl"));
    Files.writeString(
        images.resolve("metadata.csv"), "file_name,what\n0.png,snow\n1.png,\"a, b\"\n2.png,dog\n");
    Path again = temporary.resolve("again");
    run =
        CommandRun.succeeds(
            train(
                "text-to-image",
                again,
                "--data",
                images,
                "--caption-column",
                "what",
                "--caption-dropout",
                0.5,
                "--lora-rank",
                2,
                "--steps",
                2));
    assertFalse(run.err().contains("warning"), run.err());
    String manifest = Files.readString(again.resolve("manifest.json"));
    assertTrue(manifest.contains("\"a, b\""), manifest);
  }

  @Test
  void aWordIsLearned() throws IOException {
    Path out = temporary.resolve("out");
    CommandRun.succeeds(
        train(
            "textual-inversion",
            out,
            "--data",
            images,
            "--placeholder-token",
            "<cat-toy>",
            "--initializer-token",
            "cat",
            "--num-vectors",
            2,
            "--steps",
            2));
    assertEquals(
        layout(GOLDEN.resolve("textual_inversion/learned_embeds.safetensors")),
        layout(out.resolve("learned_embeds.safetensors")));
    CommandRun.succeeds(
        "sample",
        "--model",
        MODEL.toString(),
        "--embedding",
        out.toString(),
        "--prompt",
        "a <cat-toy>",
        "--steps",
        "1",
        "--out",
        temporary.resolve("x.png").toString());
  }

  @Test
  void anAutoencoderIsTrained() throws IOException {
    Path out = temporary.resolve("out");
    CommandRun.succeeds(
        train("autoencoder", out, "--data", images, "--image-size", 16, "--steps", 2));
    assertEquals(layout(MODEL.resolve(VAE)), layout(out.resolve(VAE)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dreambooth --instance-prompt a|--instance-data is missing; give --instance-data DIR",
        "dreambooth --instance-data EMPTY --instance-prompt a|holds no images: give",
        "dreambooth --instance-data NOWHERE --instance-prompt a|is not a directory; give one",
        "dreambooth --instance-data IMAGES --instance-prompt a --class-prompt b"
            + "|--class-prompt needs --class-data DIR",
        "dreambooth --instance-data IMAGES --instance-prompt a --image-size 20"
            + "|--image-size is 20; give a multiple of 8",
        "dreambooth --instance-data IMAGES --instance-prompt a --lora-rank 2 --lora-targets nope"
            + "|the model has no layer called nope",
        "text-to-image --data IMAGES|none of the 3 images in",
        "text-to-image --data NOWHERE|no data set or path",
        "textual-inversion --data IMAGES --placeholder-token cat</w> --initializer-token cat"
            + "|the tokenizer has the token \"cat</w>\" already",
        "textual-inversion --data IMAGES --placeholder-token <x> --initializer-token supercat"
            + "|give a word of one"
      })
  void whatDoesNotFitIsRefused(String options, String message) throws IOException {
    Files.createDirectories(temporary.resolve("empty"));
    String[] words =
        options
            .replace("EMPTY", temporary.resolve("empty").toString())
            .replace("NOWHERE", temporary.resolve("nowhere").toString())
            .replace("IMAGES", images.toString())
            .split(" ");
    CommandRun.refused(
        List.of(message),
        train(
            words[0],
            temporary.resolve("out"),
            (Object[]) Arrays.copyOfRange(words, 1, words.length)));
  }

  @Test
  void aPromptThatIsTooLongIsQuoted() throws IOException {
    CommandRun run =
        CommandRun.succeeds(
            train(
                "dreambooth",
                temporary.resolve("out"),
                "--instance-data",
                images,
                "--instance-prompt",
                "an oil painting of a red butterfly in snow and a blue dog and a cat",
                "--steps",
                1));
    assertTrue(run.err().contains("this is cut off: \""), run.err());
  }
}
