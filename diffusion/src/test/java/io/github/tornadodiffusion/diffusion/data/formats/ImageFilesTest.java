package io.github.tornadodiffusion.diffusion.data.formats;

import static io.github.tornadodiffusion.diffusion.data.TestData.assertRefused;
import static io.github.tornadodiffusion.diffusion.data.TestData.labels;
import static io.github.tornadodiffusion.diffusion.data.TestData.open;
import static io.github.tornadodiffusion.diffusion.data.TestData.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFilesTest {
  private static final String IMAGE = "shapes/circle/0.png";

  @TempDir Path directory;

  private void put(String... paths) throws IOException {
    for (String path : paths) {
      Path file = directory.resolve(path);
      Files.createDirectories(file.getParent());
      Files.copy(resource(IMAGE), file);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"shapes", "shapes.zip", "shapes.tar.gz", "hub", "parquet/zstd.parquet"})
  void theSameImagesInEveryKindOfFile(String name) {
    Dataset data = open(resource(name), 12, 3);
    assertEquals(List.of("circle", "square"), data.classNames());
    assertEquals(2, data.classes());
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1}, labels(data));
    assertEquals(open(resource("shapes"), 12, 3).hash(), data.hash());
    assertEquals("12x12", data.originalSizes().orElseThrow().toString());
    assertEquals(resource(name).toString(), data.name());
  }

  @Test
  void unpackedTarFilesAreReadToo() throws IOException {
    Path tar = directory.resolve("any name");
    try (GZIPInputStream input =
        new GZIPInputStream(Files.newInputStream(resource("shapes.tar.gz")))) {
      Files.copy(input, tar);
    }
    assertEquals(open(resource("shapes"), 12, 3).hash(), open(tar, 12, 3).hash());
    byte[] whole = Files.readAllBytes(tar);
    // The end lies in a header, in a file's content, and before the closing blocks.
    for (int length : new int[] {600, 1500, 2100, 8 * 512}) {
      Files.write(tar, Arrays.copyOf(whole, length));
      assertRefused(tar, tar.toString(), "truncated");
    }
    Arrays.fill(whole, 512, 1024, (byte) 'x');
    Files.write(tar, whole);
    assertRefused(tar, tar.toString(), "damaged");
  }

  @ParameterizedTest
  @ValueSource(strings = {"long-gnu.tar.gz", "long-pax.tar.gz"})
  void longPathsInTarFiles(String name) {
    Dataset data = open(resource(name), 12, 3);
    assertEquals(List.of("circle", "square"), data.classNames());
    assertArrayEquals(open(resource("shapes"), 12, 3).image(3), data.image(1));
  }

  @Test
  void foldersOfADirectoryAreItsClasses() throws IOException {
    put("10/a.png", "2/b.png", "2/deep/c.png", "Z/d.png");
    Files.createDirectories(directory.resolve("empty"));
    Files.writeString(directory.resolve("README.md"), "not an image");
    Dataset data = open(directory, 4, 1);
    assertEquals(List.of("10", "2", "Z"), data.classNames());
    assertArrayEquals(new int[] {0, 1, 1, 2}, labels(data));
  }

  @ParameterizedTest
  @CsvSource({"a.png b/c.png d/e.png", "all/a.png all/b.png", "a.png b.png"})
  void flatOrMixedTreesHaveNoClasses(String paths) throws IOException {
    put(paths.split(" "));
    Dataset data = open(directory, 4, 1);
    assertEquals(List.of(), data.classNames());
    assertEquals(-1, data.label(0));
  }

  @Test
  void splitsAreTaken() throws IOException {
    put("d/train/cat/a.png", "d/train/dog/b.png", "d/train/dog/c.png");
    put("d/test/dog/d.png", "d/test/cat/e.png", "d/val/cat/f.png", "d/val/dog/g.png");
    assertArrayEquals(new int[] {0, 1, 1}, labels(open(directory, 4, 1)));
    assertArrayEquals(new int[] {0, 1, 1}, labels(open(directory + ":train", 4, 1)));
    assertArrayEquals(new int[] {0, 1}, labels(open(directory + ":test", 4, 1)));
    assertArrayEquals(new int[] {0, 1}, labels(open(directory + ":validation", 4, 1)));
    Dataset all = open(directory + ":all", 4, 1);
    assertEquals(7, all.size());
    assertEquals(List.of("cat", "dog"), all.classNames());
    assertArrayEquals(new int[] {0, 1, 1, 0, 1, 0, 1}, labels(all));
  }

  @Test
  void theOnlySplitMayBeAsked() throws IOException {
    put("test/cat/a.png", "test/dog/b.png");
    assertArrayEquals(new int[] {0, 1}, labels(open(directory + ":test", 4, 1)));
    assertRefused(directory, "no train split", directory + ":test");
  }

  @Test
  void aClassMayBeCalledAsASplit() throws IOException {
    put("train/a.png", "plane/b.png");
    assertEquals(List.of("plane", "train"), open(directory, 4, 1).classNames());
    assertRefused(directory + ":test", "does not tell a test split", "leave ':test' out");
  }

  @Test
  void aPathMayEndAsASplit() throws IOException {
    Files.createDirectories(directory.resolve("x:test"));
    put("x:test/a.png");
    assertEquals(1, open(directory + "/x:test", 4, 1).size());
  }

  @Test
  void archivesWithUnreadableAndHiddenFiles() throws IOException {
    Path zip = directory.resolve("a.dat");
    byte[] image = Files.readAllBytes(resource(IMAGE));
    try (OutputStream output = Files.newOutputStream(zip);
        ZipOutputStream entries = new ZipOutputStream(output)) {
      for (String path :
          new String[] {"a.png", "bad.png", "__MACOSX/a.png", "._a.png", "x/.hid/a.png", "b.txt"}) {
        entries.putNextEntry(new ZipEntry(path));
        entries.write(path.equals("bad.png") ? new byte[] {1, 2, 3} : image);
        entries.closeEntry();
      }
    }
    Dataset data = open(zip, 4, 3);
    assertEquals(1, data.size());
    assertEquals(1, data.warnings().size());
    assertTrue(data.warnings().getFirst().startsWith("1 of 2 images in " + zip));
    assertTrue(data.warnings().getFirst().contains("bad.png"));
    byte[] whole = Files.readAllBytes(zip);
    Files.write(zip, Arrays.copyOf(whole, whole.length - 40));
    assertRefused(zip, zip.toString(), "truncated or damaged", "fetch it again");
  }

  @Test
  void archivesWithoutImagesAreRefused() throws IOException {
    Path zip = directory.resolve("a.zip");
    try (ZipOutputStream entries = new ZipOutputStream(Files.newOutputStream(zip))) {
      entries.putNextEntry(new ZipEntry("a.txt"));
    }
    assertRefused(zip, "holds no images", "WebP");
    Path gzip = directory.resolve("a.tar.gz");
    byte[] whole = Files.readAllBytes(resource("shapes.tar.gz"));
    Files.write(gzip, Arrays.copyOf(whole, whole.length / 2));
    assertRefused(gzip, gzip.toString(), "truncated");
  }

  @Test
  void filesOfNoKnownKindAreRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("a.zip"), "<html>not found</html>");
    assertRefused(file, file.toString(), "no known kind", "Parquet", "IDX", "CIFAR", "zip or tar");
    Files.write(file, new byte[0]);
    assertRefused(file, file.toString(), "is empty");
    assertRefused(resource(IMAGE), "is one image", "give the directory");
  }

  @ParameterizedTest
  @CsvSource({"lossless,3,0", "alpha,3,1", "animated,3,0", "lossy,1,2"})
  void webpAsPillowReadsIt(String name, int channels, int tolerance) throws IOException {
    for (String extension : new String[] {"png", "webp"}) {
      Path place = Files.createDirectories(directory.resolve(extension));
      Files.copy(resource("webp/" + name + "." + extension), place.resolve("a." + extension));
    }
    float[] expected = open(directory.resolve("png"), 24, channels).image(0);
    float[] actual = open(directory.resolve("webp"), 24, channels).image(0);
    for (int i = 0; i < expected.length; i++) {
      // Lossy files keep colours at half the resolution, whose edges libwebp alone smooths.
      assertEquals(expected[i], actual[i], (tolerance + 0.01f) / 127.5f, name + " " + i);
    }
  }

  @Test
  void truncatedWebpFilesAreSkipped() throws IOException {
    put("whole.png");
    for (String name : new String[] {"lossy", "lossless", "alpha"}) {
      byte[] whole = Files.readAllBytes(resource("webp/" + name + ".webp"));
      for (int percent = 0; percent < 90; percent += 10) {
        Files.write(
            directory.resolve(name + percent + ".webp"),
            Arrays.copyOf(whole, whole.length * percent / 100));
      }
    }
    Dataset data = open(directory, 8, 3);
    assertEquals(1, data.size(), data.warnings().toString());
    assertTrue(data.warnings().getFirst().startsWith("27 of 28 images"));
  }
}
