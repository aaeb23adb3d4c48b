package io.github.tornadodiffusion.diffusion.images;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PngFilesTest {
  @TempDir Path directory;

  private static BufferedImage image() {
    BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 6; i++) {
      image.setRGB(i % 3, i / 3, 0x123456 * (i + 1));
    }
    return image;
  }

  /** Reads the text chunks as the PNG specification lays them out. */
  private static Map<String, String> text(Path file) throws IOException {
    Map<String, String> text = new LinkedHashMap<>();
    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
      in.skipNBytes(8);
      String type = "";
      while (!type.equals("IEND")) {
        byte[] data = new byte[in.readInt()];
        type = new String(in.readNBytes(4), StandardCharsets.US_ASCII);
        in.readFully(data);
        in.readInt();
        String latin = new String(data, StandardCharsets.ISO_8859_1);
        int end = latin.indexOf('\0');
        if (type.equals("tEXt")) {
          text.put(latin.substring(0, end), latin.substring(end + 1));
        } else if (type.equals("iTXt")) {
          // Keyword, 0, compression flag and method, language tag, 0, translated keyword, 0, text.
          String rest = new String(data, end + 5, data.length - end - 5, StandardCharsets.UTF_8);
          text.put(latin.substring(0, end), rest);
        }
      }
    }
    return text;
  }

  @Test
  void keepsPixelsAndText() throws IOException {
    Map<String, String> text =
        Map.of(
            "seed", "42",
            "config", "{\n  \"steps\": 1000\n}",
            "name", "größer",
            "schedule", "β → ᾱ");
    Path file = directory.resolve("new/folder/grid.png");
    PngFiles.write(file, image(), text);
    assertEquals(text, text(file));
    BufferedImage read = ImageIO.read(file.toFile());
    for (int i = 0; i < 6; i++) {
      assertEquals(image().getRGB(i % 3, i / 3), read.getRGB(i % 3, i / 3));
    }
  }

  @Test
  void withoutTextAndTwiceTheSame() throws IOException {
    Path file = directory.resolve("a.png");
    PngFiles.write(file, image(), Map.of());
    assertEquals(Map.of(), text(file));
    byte[] first = Files.readAllBytes(file);
    PngFiles.write(file, image(), Map.of());
    assertArrayEquals(first, Files.readAllBytes(file));
  }

  @Test
  void failureLeavesNothingBehind() throws IOException {
    Path target = Files.createDirectories(directory.resolve("taken.png/inside")).getParent();
    assertThrows(IOException.class, () -> PngFiles.write(target, image(), Map.of()));
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(List.of("taken.png"), files.map(Path::toFile).map(File::getName).toList());
    }
  }
}
