package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.experiments.sampling.LabelledGrid;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataPreviewTest {
  @TempDir Path temporary;

  private static String[] command(String data, Path out, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("data", "preview", "--data", data, "--out", out.toString()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private CommandRun preview(String data, String... more) {
    return CommandRun.succeeds(command(data, out(), more));
  }

  private Path out() {
    return temporary.resolve("new/preview.png");
  }

  /** Two classes of images of one colour each: three red, one blue. */
  private Path flowers() throws IOException {
    Path directory = temporary.resolve("flowers");
    for (int i = 0; i < 4; i++) {
      BufferedImage image = new BufferedImage(30 + i, 20, BufferedImage.TYPE_INT_RGB);
      for (int at = 0; at < image.getWidth() * 20; at++) {
        image.setRGB(at / 20, at % 20, i < 3 ? 0xFF0000 : 0x0000FF);
      }
      PngFiles.write(
          directory.resolve((i < 3 ? "poppy/" : "violet/") + i + ".png"), image, Map.of());
    }
    return directory;
  }

  @Test
  void saysWhatThereIs() throws IOException {
    Path flowers = flowers();
    CommandRun run = preview(flowers.toString(), "--image-size", "16");
    String hash = Datasets.open(flowers.toString(), 16, 3, 0).hash();
    assertEquals(
        List.of(
            "data      " + flowers,
            "images    4",
            "size      16x16, colour, from 30x20 to 33x20 pixels",
            "channels  3",
            "classes   2",
            "    0          3 images  poppy",
            "    1          1 images  violet",
            "sha256    " + hash,
            "preview   " + out() + ", 4 images"),
        run.out().lines().toList());
    assertEquals(hash, PngText.read(out()).get("sha256"));
  }

  @Test
  void drawsImagesAndTheNamesOfTheirClasses() throws IOException {
    CommandRun run = preview(flowers().toString(), "--image-size", "16");
    BufferedImage picture = ImageIO.read(out().toFile());
    assertEquals(4 + 2 * 68, picture.getWidth());
    assertEquals(4 + 2 * (64 + 4 + 14), picture.getHeight());
    int[][] corners = {{4, 4}, {72, 4}, {4, 86}, {72, 86}};
    for (int i = 0; i < 4; i++) {
      int colour = picture.getRGB(corners[i][0] + 63, corners[i][1] + 63) & 0xFFFFFF;
      assertEquals(i < 3 ? 0xFF0000 : 0x0000FF, colour);
      int dark = 0;
      for (int at = 0; at < 64 * 14; at++) {
        int x = corners[i][0] + at % 64;
        int y = corners[i][1] + 64 + at / 64;
        dark += (picture.getRGB(x, y) & 0xFF) < 0x80 ? 1 : 0;
      }
      assertTrue(dark > 0 || run.err().contains("fontconfig"), "no name below image " + i);
    }
  }

  @Test
  void imagesAreSpreadOverTheDataSet() {
    Dataset digits = Datasets.open("digits", 8, 1, 0);
    LabelledGrid grid = new LabelledGrid(digits, 3);
    assertEquals(
        List.of(0, 599, 1198),
        IntStream.range(0, 3).mapToObj(place -> LabelledGrid.index(digits, 3, place)).toList());
    BufferedImage picture = grid.draw(new PrintWriter(new StringWriter()));
    assertEquals(grid.pixels(), (long) picture.getWidth() * picture.getHeight());
  }

  @Test
  void digitsHaveTheirOwnSize() {
    CommandRun run = preview("digits", "--count", "5");
    assertTrue(run.out().contains("size      8x8, grey"), run.out());
    assertTrue(run.out().contains("images    1,797"), run.out());
    assertTrue(run.out().contains("classes   10"), run.out());
    assertTrue(preview("butterflies:3").out().contains("classes   none"));
  }

  @Test
  void badInputMakesNothing() {
    refuses("nowhere", "nowhere", out());
    refuses("--count is 0", "digits", out(), "--count", "0");
    refuses("channels", "digits", out(), "--channels", "2");
    refuses("image size", "digits", out(), "--image-size", "0");
    refuses("one picture", "digits", out(), "--image-size", "4096", "--count", "1700");
    refuses(".png", "digits", temporary.resolve("new/a.jpg"));
    CommandRun.refused(List.of("--data", "--out"), "data", "preview");
    CommandRun.refused(List.of("command"), "data");
    assertFalse(Files.exists(out().getParent()));
  }

  private static void refuses(String keyWord, String data, Path out, String... more) {
    CommandRun.refused(List.of(keyWord), command(data, out, more));
  }
}
