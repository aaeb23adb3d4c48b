package io.github.tornadodiffusion.diffusion.data.formats;

import static io.github.tornadodiffusion.diffusion.data.TestData.labels;
import static io.github.tornadodiffusion.diffusion.data.TestData.open;
import static io.github.tornadodiffusion.diffusion.data.TestData.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Splits and labels that names and files beside the images tell. */
class LabelFilesTest {
  @TempDir Path directory;

  private void put(String... paths) throws IOException {
    for (String path : paths) {
      Path file = directory.resolve(path);
      Files.createDirectories(file.getParent());
      Files.copy(resource("shapes/circle/0.png"), file);
    }
  }

  private void write(String path, String text) throws IOException {
    Path file = directory.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Dataset data() {
    return open(directory, 4, 1);
  }

  private static void assertWarned(Dataset data, String... texts) {
    String warnings = String.join("\n", data.warnings());
    for (String text : texts) {
      assertTrue(warnings.contains(text), "'" + text + "' in: " + warnings);
    }
  }

  @Test
  void labelsOfStyleGan() {
    Dataset data = open(resource("cases/labels/dataset.zip"), 16, 3);
    assertEquals(List.of("0", "1"), data.classNames());
    assertArrayEquals(new int[] {0, 1, 0, 1}, labels(data));
    assertEquals(List.of(), data.warnings());
  }

  @Test
  void labelsOfDatasets() {
    Dataset data = open(resource("cases/labels/imagefolder"), 16, 3);
    assertEquals(List.of("cat", "dog"), data.classNames());
    assertArrayEquals(new int[] {0, 1}, labels(data));
    assertEquals("9865521b9a18", data.hash().substring(0, 12));
  }

  @Test
  void numberedFoldersOfStyleGanAreNoClasses() throws IOException {
    put("00000/img00000000.png", "00000/img00000999.png", "00001/img00001000.png");
    Dataset bare = data();
    assertEquals(0, bare.classes());
    assertWarned(bare, "no classes but numbers of a thousand images each");
    write("dataset.json", "{\"labels\": null}");
    assertEquals(0, data().classes());
    assertWarned(data(), "dataset.json", "says that its images have no labels");
    write("dataset.json", "{\"labels\": [[\"00000");
    assertEquals(0, data().classes());
    assertWarned(data(), "dataset.json", "cannot be read");
    write(
        "dataset.json",
        """
        {"labels": [["00000/img00000000.png", [0, 1.0]], ["00000\\\\img00000999.png", [1, 0]],
         ["00001/img00001000.png", [0, 1]]]}\
        """);
    assertArrayEquals(new int[] {1, 0, 1}, labels(data()));
    write("dataset.json", "{\"labels\": [[\"00000/img00000000.png\", [0.5, 1.5]]]}");
    assertEquals(0, data().classes());
    assertWarned(data(), "vectors for labels, which are no classes");
  }

  @Test
  void foldersOfFfhqAreNoClasses() throws IOException {
    put("images/00000/00000.png", "images/01000/01234.png", "images/69000/69999.png");
    assertEquals(0, data().classes());
  }

  @Test
  void numbersAsFoldersMayBeClasses() throws IOException {
    put("00000/a.png", "00001/img00000999.png");
    assertEquals(List.of("00000", "00001"), data().classNames());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file_name,label\na/1.png,x\na/2.png,y\nb/3.png,x\n",
        "\uFEFFlabel,file_name\r\nx,a/1.png\r\ny,a/2.png\r\nx,b/3.png",
        "text,file_name,label\n\"a, \"\"b\"\"\nc\",./a/1.png,\"x\"\n\n,a\\2.png,y\n,b/3.png, x\n",
        "file_name,id,class\na/1.png,7,x\na/2.png,8,y\nb/3.png,9,x\n"
      })
  void columnsOfCsvFiles(String text) throws IOException {
    put("a/1.png", "a/2.png", "b/3.png");
    write("metadata.csv", text);
    Dataset data = data();
    assertEquals(List.of("x", "y"), data.classNames());
    assertArrayEquals(new int[] {0, 1, 0}, labels(data));
    assertEquals(List.of(), data.warnings());
  }

  @Test
  void linesOfJson() throws IOException {
    put("1.png", "2.png", "3.png");
    write(
        "metadata.jsonl",
        """
        {"file_name": "2.png", "label": 3, "text": "a"}

        {"file_name": "1.png", "label": 0}
        {"file_name": "3.png", "label": "1"}
        """);
    assertEquals(List.of("0", "1", "2", "3"), data().classNames());
    assertArrayEquals(new int[] {0, 3, 1}, labels(data()));
    write("metadata.jsonl", "{\"file_name\": \"2.png\",\n");
    assertEquals(0, data().classes());
    assertWarned(data(), "metadata.jsonl", "cannot be read");
  }

  @Test
  void everySplitMayHaveItsOwn() throws IOException {
    put("train/1.png", "train/2.png", "test/1.png");
    write("train/metadata.csv", "file_name,label\n1.png,b\n2.png,a\n");
    write("test/metadata.csv", "file_name,label\n1.png,b\n");
    assertArrayEquals(new int[] {1, 0}, labels(data()));
    assertArrayEquals(new int[] {1}, labels(open(directory + ":test", 4, 1)));
  }

  @Test
  void imagesWithoutLabelAreCounted() throws IOException {
    put("1.png", "2.png", "3.png", "4.png");
    write("metadata.csv", "file_name,label\n1.png,0\n2.png,-1\n4.png,1.0\n5.png,2\n");
    Dataset data = data();
    assertArrayEquals(new int[] {0, 1}, labels(data));
    assertWarned(
        data,
        "2 of 4 images",
        "have no label in metadata.csv and are left out, such as 2.png",
        "1 names in metadata.csv are of no image");
  }

  @Test
  void captionsAndFractionsAreNoClasses() throws IOException {
    put("x/1.png", "y/2.png");
    write("metadata.csv", "file_name,text\nx/1.png,a cat\ny/2.png,a dog\n");
    assertEquals(0, data().classes());
    assertWarned(data(), "metadata.csv", "no column label but file_name, text");
    write("metadata.csv", "file_name,label\nx/1.png,0.25\ny/2.png,1e-3\n");
    assertEquals(0, data().classes());
    assertWarned(data(), "fractions, which are no classes");
  }

  @ParameterizedTest
  @CsvSource({
    "labels.csv",
    "train.tsv",
    "_annotations.coco.json",
    "metadata.parquet",
    "1.json",
    "1.txt",
    "val_annotations.txt",
    "imagelabels.mat",
    "dataset.json",
    "metadata.csv",
    "2.HEIC",
    "more/3.tif",
    "4.ppm",
    "more.zip",
    "more.tar.gz",
    "clip.mp4"
  })
  void whatIsNotReadIsNamed(String name) throws IOException {
    put("1.png");
    write(name, "{}\n");
    write("README.md", "x");
    write("LICENSE.txt", "x");
    Dataset data = data();
    assertEquals(0, data.classes());
    assertEquals(1, data.warnings().size(), data.warnings().toString());
    assertWarned(data, "1 files beside the images", "are not read, such as " + name);
  }

  /** As WebDataset keeps them. */
  @Test
  void classesBesideEveryImage() throws IOException {
    Path zip = directory.resolve("a.zip");
    try (ZipOutputStream output = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (String[] file : new String[][] {{"1", "4"}, {"2", "0\n"}, {"3", "4"}}) {
        output.putNextEntry(new ZipEntry("x/000" + file[0] + ".png"));
        Files.copy(resource("shapes/circle/0.png"), output);
        output.putNextEntry(new ZipEntry("x/000" + file[0] + ".cls"));
        output.write(file[1].getBytes(StandardCharsets.UTF_8));
      }
    }
    Dataset data = open(zip, 4, 1);
    assertEquals(5, data.classes());
    assertArrayEquals(new int[] {4, 0, 4}, labels(data));
  }

  @Test
  void splitsBelowClasses() throws IOException {
    put("cat/train/1.png", "cat/test/2.png", "dog/train/3.png", "dog/test/4.png");
    assertEquals(List.of("cat", "dog"), data().classNames());
    assertEquals(2, data().size());
    assertArrayEquals(new int[] {0, 1}, labels(open(directory + ":test", 4, 1)));
  }

  @Test
  void splitsInLongerNames() throws IOException {
    put("train_cats/1.png", "train_dogs/2.png", "test_cats/3.png");
    assertEquals(List.of("cats", "dogs"), data().classNames());
    assertEquals(1, open(directory + ":test", 4, 1).size());
  }

  @Test
  void domainsOfCycleGan() throws IOException {
    put("trainA/1.png", "trainB/2.png", "testA/3.png", "testB/4.png");
    assertEquals(List.of("A", "B"), data().classNames());
    assertEquals(2, data().size());
  }

  @Test
  void splitsWithNumbers() throws IOException {
    put("train2017/1.png", "val2017/2.png");
    assertEquals(1, data().size());
    assertEquals(1, open(directory + ":validation", 4, 1).size());
  }

  @Test
  void splitsInNamesOfFiles() throws IOException {
    put("x/img-train-1.png", "x/img-train-2.png", "x/img-test-1.png");
    assertEquals(2, data().size());
    assertEquals(1, open(directory + ":test", 4, 1).size());
    assertEquals(3, open(directory + ":all", 4, 1).size());
  }

  @Test
  void imagesOfNoSplitAreCounted() throws IOException {
    put("train/1.png", "test/2.png", "extra/3.png");
    assertEquals(1, data().size());
    assertWarned(data(), "1 of 3 images", "of no split and left out, such as extra/3.png");
    assertEquals(3, open(directory + ":all", 4, 1).size());
  }

  /** Names of several words that differ in the split alone are no accident. */
  @Test
  void splitsOfTheSameWords() throws IOException {
    put("seg_train/seg_train/a/1.png", "seg_test/seg_test/a/2.png", "seg_pred/3.png");
    assertEquals(1, data().size());
    assertWarned(data(), "1 of 3 images", "of no split and left out, such as seg_pred/3.png");
    assertEquals(1, open(directory + ":test", 4, 1).size());
  }

  /** Two classes whose names have the words of splits by accident. */
  @Test
  void wordsOfSplitsInOtherNames() throws IOException {
    put("steam train/1.png", "eye test/2.png", "cat/3.png");
    assertEquals(3, data().size());
    assertEquals(List.of("cat", "eye test", "steam train"), data().classNames());
    assertWarned(data(), "2 of 3 images", "all are read");
  }

  @Test
  void labelsThatAreNoneAreSaid() throws IOException {
    put("1.png", "2.png");
    write(
        "metadata.jsonl",
        """
        {"file_name": "1.png", "label": {"boxes": []}}
        {"file_name": "2.png", "label": null}
        """);
    assertEquals(0, data().classes());
    assertWarned(data(), "metadata.jsonl", "has no label of any image: they have no classes");
  }

  @Test
  void unclearNamesAreSaid() throws IOException {
    put("cat/1.png", "dog/2.png", "test/3.png");
    assertEquals(List.of("cat", "dog", "test"), data().classNames());
    assertWarned(data(), "1 of 3 images", "called as those of a split, such as test/3.png");
  }

  @Test
  void classesMayHoldTheWords() throws IOException {
    put("bullet train/1.png", "freight train/2.png");
    assertEquals(List.of("bullet train", "freight train"), data().classNames());
    assertEquals(List.of(), data().warnings());
  }

  @Test
  void imagesOfOneNameAreNoSplit() throws IOException {
    put("test1.png", "test2.png");
    assertEquals(2, data().size());
    assertEquals(List.of(), data().warnings());
  }
}
