package io.github.tornadodiffusion.diffusion.data.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.ImageSizes;
import io.github.tornadodiffusion.diffusion.data.TestImages;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDirectoryTest {
  @TempDir Path directory;

  private Path write(String name, BufferedImage image) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    String format = name.substring(name.lastIndexOf('.') + 1);
    assertTrue(ImageIO.write(image, format, file.toFile()), format);
    return file;
  }

  private static Dataset read(Path place, int imageSize, int channels) {
    return Datasets.open(place.toString(), imageSize, channels, 0);
  }

  private static BufferedImage noise(int width, int height, long seed) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(seed);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, random.nextInt());
    }
    return image;
  }

  private static BufferedImage plain(int width, int height, int colour) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, colour);
    }
    return image;
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "bmp", "PNG"})
  void losslessFilesKeepEveryPixel(String extension) throws IOException {
    BufferedImage image = noise(5, 5, 1);
    write("a." + extension, image);
    float[] pixels = read(directory, 5, 3).image(0);
    for (int i = 0; i < 25; i++) {
      int rgb = image.getRGB(i % 5, i / 5);
      assertEquals((rgb >> 16 & 0xFF) / 127.5f - 1, pixels[i]);
      assertEquals((rgb >> 8 & 0xFF) / 127.5f - 1, pixels[25 + i]);
      assertEquals((rgb & 0xFF) / 127.5f - 1, pixels[50 + i]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.jpg", "a.JPEG", "sub/dir/a.gif"})
  void otherFormatsKeepColours(String name) throws IOException {
    write(name, plain(40, 24, 0x3060C0));
    float[] pixels = read(directory, 8, 3).image(0);
    int[] expected = {0x30, 0x60, 0xC0};
    for (int i = 0; i < pixels.length; i++) {
      assertEquals(expected[i / 64] / 127.5f - 1, pixels[i], 4 / 127.5f);
    }
  }

  @Test
  void readsImagesOfEverySampleKind() throws IOException {
    int[] shades = {0, 40, 128, 255};
    TestImages.sampleKinds(shades).forEach((name, image) -> assertShades(name, image, shades));
  }

  private void assertShades(String name, BufferedImage image, int[] shades) {
    try {
      Path folder = Files.createDirectories(directory.resolve(name));
      write(name + "/a.png", image);
      float[] pixels = read(folder, 2, 3).image(0);
      for (int i = 0; i < pixels.length; i++) {
        assertEquals(shades[i % 4] / 127.5f - 1, pixels[i], 1e-6f, name + " " + i);
      }
    } catch (IOException e) {
      throw new AssertionError(name, e);
    }
  }

  @Test
  void transparencyShowsWhite() throws IOException {
    BufferedImage image = new BufferedImage(2, 2, BufferedImage.TYPE_INT_ARGB);
    int[] argb = {0x00FF0000, 0xFF000000, 0x80000000, 0x40FF0000};
    for (int i = 0; i < 4; i++) {
      image.setRGB(i % 2, i / 2, argb[i]);
    }
    write("alpha.png", image);
    float[] pixels = read(directory, 2, 3).image(0);
    float[] expected = {1, -1, 127 / 127.5f - 1, 1, 1, -1, 127 / 127.5f - 1, 191 / 127.5f - 1};
    assertArrayEquals(expected, Arrays.copyOf(pixels, 8), 1e-6f);
  }

  @Test
  void transparentPaletteEntriesShowWhite() throws IOException {
    for (String format : List.of("png", "gif")) {
      write(format + "/a." + format, TestImages.paletteWithHole());
      float[] pixels = read(directory.resolve(format), 8, 3).image(0);
      int[] colours = {0xFFFFFF, 0x0000FF, 0x00FF00, 0xFF0000};
      for (int i = 0; i < pixels.length; i++) {
        int colour = (colours[i % 64 / 16] >> (16 - i / 64 * 8)) & 0xFF;
        assertEquals(colour / 127.5f - 1, pixels[i], format + " " + i);
      }
    }
  }

  /** How the Exif standard describes the eight orientations: where the first row and column lie. */
  @Test
  void imagesStandAsTheCameraWasHeld() throws IOException {
    // A bright left edge over a dark middle over a bright lower right, all in the centre square.
    BufferedImage seen = new BufferedImage(48, 33, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 48 * 33; i++) {
      int x = i % 48;
      int y = i / 48;
      seen.getRaster().setSample(x, y, 0, x < 16 || (x > 24 && y > 20) ? 200 : 40);
    }
    for (int orientation = 1; orientation <= 8; orientation++) {
      boolean turned = orientation >= 5;
      BufferedImage stored =
          new BufferedImage(turned ? 33 : 48, turned ? 48 : 33, BufferedImage.TYPE_BYTE_GRAY);
      // Whether what is stored first, a row or a column, is seen at the bottom or on the right.
      boolean fromBottom = List.of(3, 4, 7, 8).contains(orientation);
      boolean fromRight = List.of(2, 3, 6, 7).contains(orientation);
      for (int i = 0; i < 48 * 33; i++) {
        int x = i % 48;
        int y = i / 48;
        int along = fromRight ? 47 - x : x;
        int down = fromBottom ? 32 - y : y;
        int column = turned ? down : along;
        int row = turned ? along : down;
        stored.getRaster().setSample(column, row, 0, seen.getRaster().getSample(x, y, 0));
      }
      Path file = write("exif" + orientation + "/a.jpg", stored);
      Files.write(file, withExif(Files.readAllBytes(file), orientation, orientation % 2 == 0));
      Dataset images = read(file.getParent(), 33, 1);
      assertEquals(new ImageSizes(48, 33, 48, 33), images.originalSizes().orElseThrow());
      float[] pixels = images.image(0);
      for (int i = 0; i < pixels.length; i++) {
        float expected = seen.getRaster().getSample(7 + i % 33, i / 33, 0) / 127.5f - 1;
        assertEquals(expected, pixels[i], 0.35f, orientation + " at " + i);
      }
    }
  }

  /** Puts an Exif segment behind the file's start that says nothing but the orientation. */
  private static byte[] withExif(byte[] jpeg, int orientation, boolean littleEndian) {
    ByteBuffer tiff =
        ByteBuffer.allocate(26)
            .order(littleEndian ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    tiff.put(littleEndian ? new byte[] {'I', 'I'} : new byte[] {'M', 'M'});
    tiff.putShort((short) 42).putInt(8).putShort((short) 1);
    tiff.putShort((short) 0x0112).putShort((short) 3).putInt(1).putShort((short) orientation);
    byte[] start = HexFormat.of().parseHex("ffe10022457869660000");
    return ByteBuffer.allocate(jpeg.length + start.length + tiff.capacity())
        .put(jpeg, 0, 2)
        .put(start)
        .put(tiff.array())
        .put(jpeg, 2, jpeg.length - 2)
        .array();
  }

  @Test
  void cropsToTheCentreSquare() throws IOException {
    for (boolean wide : new boolean[] {true, false}) {
      BufferedImage image = new BufferedImage(wide ? 90 : 30, wide ? 30 : 90, 1);
      for (int i = 0; i < 2700; i++) {
        int x = i % image.getWidth();
        int y = i / image.getWidth();
        int along = wide ? x : y;
        image.setRGB(x, y, along >= 30 && along < 60 ? 0x00FF00 : 0xFF0000);
      }
      String folder = wide ? "wide" : "high";
      write(folder + "/a.png", image);
      float[] pixels = read(directory.resolve(folder), 10, 3).image(0);
      for (int i = 0; i < 300; i++) {
        assertEquals(i / 100 == 1 ? 1f : -1f, pixels[i], folder);
      }
    }
  }

  @Test
  void oddSizesAreResizedWithoutShiftOrLoss() throws IOException {
    for (int[] size : new int[][] {{1, 1}, {1, 300}, {301, 7}, {33, 31}, {640, 480}}) {
      write(size[0] + "/a.png", plain(size[0], size[1], 0x804020));
      float[] pixels = read(directory.resolve("" + size[0]), 16, 3).image(0);
      for (int i = 0; i < pixels.length; i++) {
        assertEquals((0x80 >> (i / 256)) / 127.5f - 1, pixels[i], 1e-6f);
      }
    }
  }

  @Test
  void greyIsLuma() throws IOException {
    write("a.png", plain(4, 4, 0x20A0F0));
    Dataset grey = read(directory, 4, 1);
    assertEquals(1, grey.channels());
    assertEquals(16, grey.image(0).length);
    int luma = Math.round(0.299f * 0x20 + 0.587f * 0xA0 + 0.114f * 0xF0);
    assertEquals(luma / 127.5f - 1, grey.image(0)[7], 1e-6f);
  }

  @Test
  void filesComeInTheOrderOfTheirPaths() throws IOException {
    String[] names = {"10.png", "2.bmp", "B.png", "a/z.png", "b.png", "c/a.png"};
    for (int i = names.length - 1; i >= 0; i--) {
      write(names[i], plain(2, 2, i * 10));
    }
    write(".hidden.png", plain(2, 2, 0xFF));
    write(".hidden/x.png", plain(2, 2, 0xFF));
    Files.writeString(directory.resolve("README.txt"), "not an image");
    Dataset images = read(directory, 2, 3);
    assertEquals(names.length, images.size());
    for (int i = 0; i < names.length; i++) {
      assertEquals(i * 10 / 127.5f - 1, images.image(i)[8], 1e-6f, names[i]);
    }
    assertEquals(List.of(), images.warnings());
    assertEquals(-1, images.label(0));
    assertEquals(0, images.classes());
  }

  @Test
  void linksAreFollowedOnceAndLoopsEnd() throws IOException {
    Path target = write("images/a.png", plain(2, 2, 0));
    Path data = Files.createDirectories(directory.resolve("data/deep"));
    Files.createSymbolicLink(data.resolve("loop"), data.getParent());
    Files.createSymbolicLink(data.resolve("one.png"), target);
    Files.createSymbolicLink(data.resolve("two.png"), target);
    Files.createSymbolicLink(data.getParent().resolve("all"), target.getParent());
    Dataset images = read(data.getParent(), 2, 3);
    assertEquals(1, images.size());
    assertEquals(
        List.of(
            "2 images in %s are links to others there and do not count again, such as deep/one.png"
                .formatted(data.getParent())),
        images.warnings());
  }

  /** Two links from each of 17 directories to the next are 2^17 paths. */
  @Test
  void linksThatMultiplyEnd() throws IOException {
    Path deep = directory.resolve("0");
    write("0/a.png", plain(2, 2, 0));
    for (int i = 1; i <= 17; i++) {
      Path next = Files.createDirectory(directory.resolve(Integer.toString(i)));
      Files.createSymbolicLink(next.resolve("a"), deep);
      Files.createSymbolicLink(next.resolve("b"), deep);
      deep = next;
    }
    Path top = deep;
    String message =
        assertThrows(IllegalArgumentException.class, () -> read(top, 2, 3)).getMessage();
    assertTrue(message.contains("leads to more than 50000 directories"), message);
  }

  @Test
  void hashFollowsPixelsAndSize() throws IOException {
    write("a.png", noise(9, 9, 1));
    String hash = read(directory, 8, 3).hash();
    assertEquals(hash, read(directory, 8, 3).hash());
    assertNotEquals(hash, read(directory, 9, 3).hash());
    write("a.png", noise(9, 9, 2));
    assertNotEquals(hash, read(directory, 8, 3).hash());
  }

  @Test
  void everyTruncatedFileIsSkipped() throws IOException {
    for (String format : List.of("png", "jpg", "gif", "bmp")) {
      byte[] whole = Files.readAllBytes(write("whole." + format, noise(40, 30, 3)));
      for (int percent = 0; percent < 100; percent += 10) {
        Path part = directory.resolve("part-%02d.%s".formatted(percent, format));
        Files.write(part, Arrays.copyOf(whole, whole.length * percent / 100));
      }
    }
    Dataset images = read(directory, 8, 3);
    assertEquals(4, images.size());
    assertEquals(1, images.warnings().size());
    String warning = images.warnings().getFirst();
    assertTrue(warning.startsWith("40 of 44 images"), warning);
    assertTrue(warning.contains("the first is part-00.bmp: the file is empty"), warning);
  }

  @Test
  void damagedMislabelledAndUnsupportedFiles() throws IOException {
    write("good.png", plain(4, 4, 0xFFFFFF));
    Files.copy(directory.resolve("good.png"), directory.resolve("png-called.jpg"));
    Files.writeString(directory.resolve("text.png"), "this is\nnot an image at all");
    Files.write(directory.resolve("zeros.gif"), new byte[5000]);
    Files.write(directory.resolve("bomb.png"), pngHeader(60_000, 60_000));
    Files.createSymbolicLink(directory.resolve("dead.png"), directory.resolve("nowhere.png"));
    byte[] fourBands = fourBandJpeg();
    Files.write(directory.resolve("cmyk.jpg"), fourBands);
    Files.write(directory.resolve("cmyk-adobe.jpg"), withAdobeMarker(fourBands));
    Dataset images = read(directory, 4, 3);
    assertEquals(2, images.size(), images.warnings().toString());
    String warning = images.warnings().getFirst();
    assertTrue(warning.startsWith("6 of 8 images"), warning);
    assertTrue(warning.contains("bomb.png: 60000x60000 pixels"), warning);
    assertEquals(1, warning.lines().count());
  }

  @Test
  void largeImagesAreReadInLittleMemory() throws IOException {
    BufferedImage image = new BufferedImage(8_000, 4_000, BufferedImage.TYPE_BYTE_BINARY);
    for (int x = 4_000; x < 8_000; x++) {
      for (int y = 0; y < 4_000; y++) {
        image.setRGB(x, y, 0xFFFFFF);
      }
    }
    write("large.png", image);
    float[] pixels = read(directory, 4, 1).image(0);
    for (int i = 0; i < 16; i++) {
      assertEquals(i % 4 < 2 ? -1 : 1, pixels[i], 0.3f);
    }
  }

  /** The start of a PNG file that promises an image of this size. */
  private static byte[] pngHeader(int width, int height) {
    ByteBuffer header = ByteBuffer.allocate(33);
    header.putLong(0x89504E470D0A1A0AL).putInt(13).putInt(0x49484452);
    header.putInt(width).putInt(height).put(new byte[] {8, 6, 0, 0, 0});
    CRC32 crc = new CRC32();
    crc.update(header.array(), 12, 17);
    return header.putInt((int) crc.getValue()).array();
  }

  private static byte[] fourBandJpeg() throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream output = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(output);
      Raster raster = Raster.createInterleavedRaster(0, 16, 16, 4, null);
      writer.write(new IIOImage(raster, null, null));
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /** Puts the marker behind the file's start with which Adobe's programs declare CMYK. */
  private static byte[] withAdobeMarker(byte[] jpeg) {
    byte[] marker = HexFormat.of().parseHex("ffee000e41646f626500640000000000");
    return ByteBuffer.allocate(jpeg.length + marker.length)
        .put(jpeg, 0, 2)
        .put(marker)
        .put(jpeg, 2, jpeg.length - 2)
        .array();
  }

  @Test
  void refusalsSayWhatToDoInOneLine() throws IOException {
    Path file = Files.writeString(directory.resolve("notes.txt"), "x");
    assertRefused(directory.resolve("nowhere"), "no data set or path");
    assertRefused(file, "no known kind");
    assertRefused(directory, "holds no images");
    Files.write(directory.resolve("bad.png"), new byte[0]);
    assertRefused(directory, "none of the 1 images");
    assertRefused(directory, "bad.png: the file is empty");
  }

  private static void assertRefused(Path place, String cause) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> read(place, 8, 3)).getMessage();
    assertTrue(message.contains(cause), message);
    assertTrue(message.contains(place.getFileName().toString()), message);
    assertTrue(message.contains("give "), message);
    assertEquals(1, message.lines().count());
  }
}
