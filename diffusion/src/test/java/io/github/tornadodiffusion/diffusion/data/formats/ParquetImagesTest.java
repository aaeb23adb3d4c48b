package io.github.tornadodiffusion.diffusion.data.formats;

import static io.github.tornadodiffusion.diffusion.data.TestData.assertRefused;
import static io.github.tornadodiffusion.diffusion.data.TestData.labels;
import static io.github.tornadodiffusion.diffusion.data.TestData.open;
import static io.github.tornadodiffusion.diffusion.data.TestData.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParquetImagesTest {
  private static final Dataset SHAPES = open(resource("shapes"), 12, 3);

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "snappy, circle square",
    "zstd, circle square",
    "gzip, circle square",
    "uncompressed, 0 1",
    "names, circle square"
  })
  void everyCodecAndKindOfLabel(String name, String classes) {
    Dataset data = open(resource("parquet/" + name + ".parquet"), 12, 3);
    assertEquals(List.of(classes.split(" ")), data.classNames());
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1}, labels(data));
    assertEquals(SHAPES.hash(), data.hash());
  }

  @Test
  void captionsOfAColumn() throws IOException {
    String file = resource("parquet/names.parquet").toString();
    Dataset data = Datasets.openCaptioned(file, 12, 3, "label");
    assertEquals(List.of("circle", "square"), data.classNames());
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1}, labels(data));
    assertEquals(SHAPES.hash(), data.hash());
    IOException e =
        assertThrows(IOException.class, () -> Datasets.openCaptioned(file, 12, 3, "text"));
    assertTrue(e.getMessage().contains("no column of texts called text"), e.getMessage());
  }

  @Test
  void withoutLabels() {
    Dataset data = open(resource("parquet/unlabelled.parquet"), 12, 3);
    assertEquals(List.of(), data.classNames());
    assertEquals(-1, data.label(0));
    assertEquals(SHAPES.hash(), data.hash());
  }

  @ParameterizedTest
  @ValueSource(strings = {"hub/data/train-00000-of-00001.parquet", "parquet/snappy.parquet"})
  void rowsInAnyOrder(String name) {
    // Nothing is kept, so every image is sought in the file.
    Dataset data = Datasets.openPath(resource(name).toString(), 12, 3, 0);
    for (int index : new int[] {5, 0, 3, 3, 1, 4, 2, 0, 5}) {
      assertArrayEquals(SHAPES.image(index), data.image(index), "row " + index);
    }
  }

  @Test
  void splitsOfTheHub() throws IOException {
    Path file = resource("hub/data/train-00000-of-00001.parquet");
    Path data = Files.createDirectories(directory.resolve("data"));
    Files.writeString(directory.resolve("README.md"), "---\ndataset_info\n");
    for (String name :
        new String[] {"train-00000-of-00002", "train-00001-of-00002", "test-00000"}) {
      Files.copy(file, data.resolve(name + ".parquet"));
    }
    Dataset train = open(directory, 12, 3);
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}, labels(train));
    assertArrayEquals(SHAPES.image(4), train.image(10));
    assertEquals(6, open(directory + ":test", 12, 3).size());
    assertEquals(18, open(directory + ":all", 12, 3).size());
    assertRefused(directory + ":validation", "no validation split");
    assertEquals(6, open(file + ":train", 12, 3).size());
  }

  @Test
  void splitsOfConvertedSets() throws IOException {
    for (String name : new String[] {"default/train/0000", "default/test/0000"}) {
      Path copy = directory.resolve(name + ".parquet");
      Files.createDirectories(copy.getParent());
      Files.copy(resource("parquet/zstd.parquet"), copy);
    }
    assertEquals(6, open(directory, 12, 3).size());
    assertEquals(12, open(directory + ":all", 12, 3).size());
  }

  @Test
  void damagedFilesAreRefused() throws IOException {
    byte[] whole = Files.readAllBytes(resource("parquet/snappy.parquet"));
    Path file = directory.resolve("a.parquet");
    for (int length : new int[] {4, 100, whole.length / 2, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertRefused(file, file.toString(), "fetch it again");
      assertRefused(directory, file.toString(), "fetch it again");
    }
    Files.write(file, new byte[0]);
    assertRefused(file, "is empty");
    assertRefused(directory, file.toString(), "fetch it again");
    Files.writeString(file, "version https://git-lfs.github.com/spec/v1\n");
    assertRefused(file, "no known kind");
    assertRefused(directory, file.toString(), "no Parquet file");
  }

  @Test
  void damagedPagesAreNamed() throws IOException {
    byte[] whole = Files.readAllBytes(resource("parquet/zstd.parquet"));
    Arrays.fill(whole, 40, 500, (byte) 0x55);
    Path file = Files.write(directory.resolve("a.parquet"), whole);
    assertRefused(file, file.toString(), "damaged");
  }

  @Test
  void othersColumnsAreRefused() throws IOException {
    assertRefused(resource("parquet/no-images.parquet"), "no column of images but label, shape");
    Files.copy(resource("parquet/snappy.parquet"), directory.resolve("a.parquet"));
    Files.copy(resource("parquet/names.parquet"), directory.resolve("b.parquet"));
    assertRefused(directory, "a.parquet", "b.parquet", "different columns");
  }

  @Test
  void metadataComeBeforeEveryGuess() {
    Dataset picture = open(resource("cases/parquet/picture.parquet"), 16, 3);
    assertEquals("9865521b9a18", picture.hash().substring(0, 12));
    assertEquals(List.of("x", "y"), picture.classNames());
    assertEquals(List.of(), picture.warnings());
    // Before the images lie sound in the same structure and masks, before the classes texts.
    Dataset told = open(resource("parquet/told.parquet"), 12, 3);
    assertEquals(SHAPES.hash(), told.hash());
    assertEquals(List.of("circle", "square"), told.classNames());
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1}, labels(told));
    String warning = told.warnings().getFirst();
    assertTrue(warning.contains("(mask), of which image and kind are read"), warning);
    // A binary column that is called an image, and one that is called image and is none.
    assertEquals(SHAPES.hash(), open(resource("parquet/told-binary.parquet"), 12, 3).hash());
  }

  @Test
  void filesOfOtherClassesAreRefused() throws IOException {
    Files.copy(resource("parquet/zstd.parquet"), directory.resolve("a.parquet"));
    Files.copy(resource("parquet/other-classes.parquet"), directory.resolve("b.parquet"));
    assertRefused(directory, "a.parquet", "b.parquet", "different columns or classes");
  }

  @Test
  void splitsAnywhereInNames() throws IOException {
    Path file = resource("parquet/zstd.parquet");
    for (String name :
        new String[] {
          "shapes-train-00000-of-00002-0123456789abcdef",
          "shapes-train-00001-of-00002-fedcba9876543210",
          "shapes_validation",
          "partial-test/0000",
          "notes"
        }) {
      Path copy = directory.resolve(name + ".parquet");
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy);
    }
    Dataset data = open(directory, 12, 3);
    assertEquals(12, data.size());
    assertEquals(1, data.warnings().size(), data.warnings().toString());
    assertTrue(data.warnings().getFirst().contains("left out, such as notes.parquet"));
    assertEquals(6, open(directory + ":validation", 12, 3).size());
    assertEquals(6, open(directory + ":test", 12, 3).size());
    assertEquals(30, open(directory + ":all", 12, 3).size());
  }

  @Test
  void severalNamesAreSaid() throws IOException {
    for (String name : new String[] {"round/train-0", "square/train-0"}) {
      Path copy = directory.resolve(name + ".parquet");
      Files.createDirectories(copy.getParent());
      Files.copy(resource("parquet/zstd.parquet"), copy);
    }
    Dataset data = open(directory, 12, 3);
    assertEquals(12, data.size());
    assertTrue(data.warnings().getFirst().contains("2 names (round, square)"));
    assertEquals(List.of(), open(directory.resolve("round"), 12, 3).warnings());
  }
}
