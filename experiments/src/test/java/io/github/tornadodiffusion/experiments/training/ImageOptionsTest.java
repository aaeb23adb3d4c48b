package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.nn.io.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ImageOptionsTest {
  @TempDir Path temporary;

  /** Images of two classes, {@code size} and more pixels high and wide. */
  private String images(String name, int size, int most, int colour) throws IOException {
    for (int i = 0; i < 12; i++) {
      int side = size + i % (most - size + 1);
      BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
      for (int at = 0; at < side * side; at++) {
        image.setRGB(at % side, at / side, (at + i) % 3 == 0 ? colour : 0x404040);
      }
      Path file = temporary.resolve(name).resolve(i % 2 == 0 ? "even" : "odd").resolve(i + ".png");
      PngFiles.write(file, image, Map.of());
    }
    return temporary.resolve(name).toString();
  }

  private static String fits(String data) {
    ImageOptions.Fit fit = ImageOptions.Fit.of(data);
    return "%s %d %d".formatted(fit.preset().name(), fit.imageSize(), fit.channels());
  }

  @Test
  void thePresetFitsTheImages() throws IOException {
    assertEquals("digits 8 1", fits(images("tiny", 8, 8, 0xffffff)));
    assertEquals("digits 16 3", fits(images("small", 9, 14, 0xff0000)));
    assertEquals("butterflies 32 3", fits(images("icons", 22, 32, 0x00a0ff)));
    assertEquals("butterflies 32 1", fits(images("mnist", 28, 28, 0xffffff)));
    assertEquals("digits 8 1", fits("digits"));
    assertEquals("butterflies 32 3", fits("butterflies:7"));
  }

  @Test
  void whatIsGivenStaysAndIsNotWarnedOf() throws IOException {
    String icons = images("icons", 22, 32, 0x00a0ff);
    ImageOptions options = new ImageOptions();
    options.data = icons;
    options.channels = 1;
    StringWriter err = new StringWriter();
    options.fit();
    options.say(Datasets.open(icons, 32, 1, 0), new PrintWriter(err));
    assertEquals("butterflies", options.preset());
    assertEquals(32, options.imageSize);
    assertEquals(1, options.channels);
    assertEquals(1, err.toString().lines().count());
    assertTrue(
        err.toString().contains("32x32 grey, because the files are 22x22 to 32x32"),
        err.toString());
    assertEquals(List.of(), options.losses(Datasets.open(icons, 32, 1, 0)));
  }

  @Test
  void withoutDataNothingIsChosen() {
    ImageOptions options = new ImageOptions();
    options.fit();
    assertEquals("digits", options.preset());
    assertEquals("digits", options.data());
    assertEquals(null, options.imageSize);
  }

  @Test
  void lossesAreCounted() throws IOException {
    String icons = images("icons", 14, 22, 0x00a0ff);
    ImageOptions digits = new ImageOptions();
    digits.preset = "digits";
    Dataset small = Datasets.open(icons, 8, 1, 0);
    assertEquals(
        "8x8 grey; the files are 14x14 to 22x22 pixels, colour", ImageOptions.describe(small));
    List<String> lost = digits.losses(small);
    assertEquals(2, lost.size());
    assertTrue(lost.getFirst().contains("12 images of 12 lose their colour"), lost.toString());
    // Of 14 to 22 pixels those above 16: 17 to 22 once, none twice.
    assertTrue(lost.getLast().contains("6 images of 12 lose more than half"), lost.toString());
    assertTrue(lost.getLast().contains("--image-size 16"), lost.toString());
    assertEquals("32x32 colour", ImageOptions.describe(Datasets.open("butterflies:3", 32, 3, 0)));
    assertEquals(
        "8x8 grey, as their files",
        ImageOptions.describe(Datasets.open(images("tiny", 8, 8, 0xffffff), 8, 1, 0)));
  }

  @Test
  void aRunIsRepeatedAsItWas() {
    String unet = "{\"sample_size\": 8, \"in_channels\": 1}";
    JsonNode train =
        Json.tree("{\"configuration\": {\"preset\": \"digits\"}, \"unet\": %s}".formatted(unet));
    JsonNode study =
        Json.tree(
            "{\"configuration\": {\"training\": {\"preset\": \"digits\", \"unet\": %s}}}"
                .formatted(unet));
    List<String> chosen = List.of("--preset", "digits", "--image-size", "8", "--channels", "1");
    for (JsonNode run : List.of(train, study)) {
      List<String> pinned = ImageOptions.pinned(List.of("x", "--data", "icons"), run);
      assertEquals(chosen, pinned.subList(3, pinned.size()));
      for (List<String> known :
          List.of(
              List.of("x"),
              List.of("x", "--data=icons", "--preset=unit1"),
              List.of("x", "--data", "icons", "--model", "m"))) {
        assertEquals(known, ImageOptions.pinned(known, run));
      }
    }
  }

  @Test
  void trainSaysWhatImagesBecomeAndGoesOnWithIt() throws IOException {
    String icons = images("icons", 22, 32, 0x00a0ff);
    Path out = temporary.resolve("run");
    String[] short1 = {
      "train",
      "--data",
      icons,
      "--out",
      out.toString(),
      "--steps",
      "1",
      "--batch",
      "2",
      "--samples",
      "0",
      "--preset",
      "digits"
    };
    CommandRun run = CommandRun.succeeds(short1);
    assertTrue(
        run.err().contains("(8x8 grey; the files are 22x22 to 32x32 pixels, colour)"), run.err());
    assertTrue(run.err().contains("12 images of 12 lose their colour"), run.err());
    assertTrue(run.err().contains("12 images of 12 lose more than half"), run.err());
    assertTrue(Files.readString(out.resolve("manifest.json")).contains("lose their colour"));
    // As a version that knew no choice would have left it.
    Path manifest = out.resolve("manifest.json");
    String text = Files.readString(manifest);
    JsonNode arguments = Json.tree(text).path("arguments");
    assertTrue(arguments.toString().contains("--preset"));
    Files.writeString(manifest, text.replaceAll("(?s),\\s*\"--preset\",\\s*\"digits\"\\s*]", "]"));
    assertFalse(
        Json.tree(Files.readString(manifest)).path("arguments").toString().contains("--preset"));
    CommandRun more =
        CommandRun.succeeds("train", "--resume", "--out", out.toString(), "--steps", "2");
    assertTrue(more.err().contains("digits: "), more.err());
    assertEquals(8, Json.tree(Files.readString(manifest)).at("/unet/sample_size").asInt());
  }
}
