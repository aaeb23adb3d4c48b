package io.github.tornadodiffusion.diffusion.data.formats;

import static io.github.tornadodiffusion.diffusion.data.TestData.assertRefused;
import static io.github.tornadodiffusion.diffusion.data.TestData.gzip;
import static io.github.tornadodiffusion.diffusion.data.TestData.open;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.TestData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxImagesTest {
  private static final int SIDE = 28;

  @TempDir Path directory;

  /** As the publisher of MNIST describes the format; samples tell image and place apart. */
  private static byte[] images(int count) {
    ByteBuffer bytes = ByteBuffer.allocate(16 + count * SIDE * SIDE);
    bytes.putInt(2051).putInt(count).putInt(SIDE).putInt(SIDE);
    for (int i = 0; bytes.hasRemaining(); i++) {
      bytes.put(sample(i));
    }
    return bytes.array();
  }

  private static byte sample(int index) {
    return (byte) (index * 7 + index / (SIDE * SIDE));
  }

  private static byte[] labels(int... labels) {
    ByteBuffer bytes = ByteBuffer.allocate(8 + labels.length).putInt(2049).putInt(labels.length);
    for (int label : labels) {
      bytes.put((byte) label);
    }
    return bytes.array();
  }

  private Path write(String name, byte[] content) throws IOException {
    return Files.write(directory.resolve(name), content);
  }

  private void writeMnist() throws IOException {
    write("train-images-idx3-ubyte.gz", gzip(images(3)));
    write("train-labels-idx1-ubyte.gz", gzip(labels(7, 0, 9)));
    write("t10k-images-idx3-ubyte", images(2));
    write("t10k-labels-idx1-ubyte.gz", gzip(labels(1, 2)));
  }

  @Test
  void imagesWithLabelsOfADirectory() throws IOException {
    writeMnist();
    Dataset train = open(directory, SIDE, 1);
    assertEquals(3, train.size());
    assertArrayEquals(new int[] {7, 0, 9}, TestData.labels(train));
    assertEquals(10, train.classes());
    assertEquals("7", train.classNames().get(7));
    float[] last = train.image(2);
    for (int i = 0; i < last.length; i++) {
      assertEquals((sample(2 * SIDE * SIDE + i) & 0xFF) / 127.5f - 1, last[i], 1e-6f);
    }
    assertArrayEquals(new int[] {1, 2}, TestData.labels(open(directory + ":test", SIDE, 1)));
    Dataset all = open(directory + ":all", SIDE, 1);
    assertArrayEquals(new int[] {7, 0, 9, 1, 2}, TestData.labels(all));
    assertArrayEquals(open(directory + ":test", SIDE, 1).image(1), all.image(4));
    assertRefused(directory + ":validation", "no validation split", ":train", ":test");
  }

  @Test
  void oneFileWithItsLabels() throws IOException {
    writeMnist();
    Path file = directory.resolve("t10k-images-idx3-ubyte");
    assertArrayEquals(new int[] {1, 2}, TestData.labels(open(file, 14, 3)));
    assertRefused(directory.resolve("t10k-labels-idx1-ubyte.gz"), "holds labels");
  }

  @Test
  void packedAndUnpackedCopiesCountOnce() throws IOException {
    writeMnist();
    write("t10k-images-idx3-ubyte.gz", gzip(images(2)));
    assertEquals(2, open(directory + ":test", 8, 1).size());
  }

  @Test
  void withoutLabels() throws IOException {
    Path file = write("train-images-idx3-ubyte", images(2));
    Dataset data = open(directory, 8, 1);
    assertEquals(0, data.classes());
    assertEquals(-1, data.label(1));
    assertTrue(data.warnings().getFirst().contains("no file of labels"));
    assertEquals(2, open(file, 8, 1).size());
  }

  @Test
  void damagedFilesAreRefused() throws IOException {
    Path file = write("train-images-idx3-ubyte", Arrays.copyOf(images(3), 2000));
    assertRefused(file, file.toString(), "truncated");
    write("train-images-idx3-ubyte", Arrays.copyOf(images(3), 7));
    assertRefused(directory, file.toString(), "truncated");
    write("train-images-idx3-ubyte", Arrays.copyOf(images(3), 4000));
    assertRefused(file, "4000 bytes where its header promises 2368");
    write("train-images-idx3-ubyte", ByteBuffer.allocate(16).putInt(2051).putInt(-1).array());
    assertRefused(file, "declares -1 images of 0x0");
    Files.delete(file);
    byte[] packed = gzip(images(3));
    Path gz = write("train-images-idx3-ubyte.gz", Arrays.copyOf(packed, packed.length - 9));
    assertRefused(gz, gz.toString(), "truncated");
    assertRefused(directory, gz.toString(), "truncated");
  }

  @Test
  void labelsThatDoNotFitAreRefused() throws IOException {
    Path file = write("train-images-idx3-ubyte", images(3));
    write("train-labels-idx1-ubyte", labels(1, 2));
    assertRefused(file, "2 labels for the 3 images");
    write("train-labels-idx1-ubyte", Arrays.copyOf(labels(1, 2, 3), 10));
    assertRefused(file, "truncated");
    write("train-labels-idx1-ubyte", images(3));
    assertRefused(file, "no labels in IDX format");
    write("train-labels-idx1-ubyte", new byte[0]);
    assertRefused(file, "no labels in IDX format");
  }

  /** The split may be any word of the name; the rest of the name is that of the data set. */
  @Test
  void splitsAnywhereInNames() throws IOException {
    for (String[] names :
        new String[][] {
          {"emnist-digits-train", "emnist-digits-test"},
          {"training", "validation"},
          {"x.Train1", "x.Val1"},
          {"set_trainset", "set_testset"},
          {"train", "t10k"}
        }) {
      Path place = Files.createDirectories(directory.resolve(names[0]));
      for (int i = 0; i < 2; i++) {
        String file = names[0].startsWith("x") ? "%s_%s-idx3-ubyte" : "%s-%s-idx3-ubyte";
        Files.write(place.resolve(file.formatted(names[i], "images")), images(3 - i));
        Files.write(
            place.resolve(file.formatted(names[i], "labels").replace("idx3", "idx1")),
            labels(Arrays.copyOf(new int[] {1, 2, 3}, 3 - i)));
      }
      assertArrayEquals(new int[] {1, 2, 3}, TestData.labels(open(place, 8, 1)), names[0]);
      assertEquals(5, open(place + ":all", 8, 1).size());
      String other = names[1].matches("(?i).*val.*") ? ":validation" : ":test";
      assertArrayEquals(new int[] {1, 2}, TestData.labels(open(place + other, 8, 1)));
    }
  }

  /** QMNIST's rows begin with the class; here are two numbers a row. */
  @Test
  void tablesOfLabels() throws IOException {
    write("qmnist-test-images-idx3-ubyte", images(2));
    ByteBuffer table = ByteBuffer.allocate(12 + 16).putInt(0x0C02).putInt(2).putInt(2);
    byte[] labels = table.putInt(5).putInt(700).putInt(3).putInt(-1).array();
    Path file = write("qmnist-test-labels-idx2-int.gz", gzip(labels));
    assertArrayEquals(new int[] {5, 3}, TestData.labels(open(directory + ":test", 8, 1)));
    assertRefused(file, "holds labels");
    write("qmnist-test-labels-idx2-int.gz", gzip(Arrays.copyOf(labels, 27)));
    assertRefused(directory + ":test", "truncated");
    write("qmnist-test-labels-idx2-int.gz", gzip(table.putInt(12, 256).array()));
    assertRefused(directory + ":test", "has the label 256");
  }

  @Test
  void severalDataSetsAreRefused() throws IOException {
    Path two = TestData.resource("cases/idx/two");
    assertRefused(two, "several data sets", "emnist-digits-train", "emnist-letters-train", "give");
    assertRefused(two + ":all", "several data sets");
    Path letters = two.resolve("emnist-letters-train-images-idx3-ubyte");
    assertEquals(27, open(letters, 4, 1).classes());
    assertEquals(6, open(TestData.resource("cases/idx/emnist"), 4, 1).size());
    assertEquals(4, open(TestData.resource("cases/idx/emnist") + ":test", 4, 1).size());
    assertEquals(10, open(TestData.resource("cases/idx/emnist") + ":all", 4, 1).size());
    write("train-images-idx3-ubyte", images(2));
    write("images-idx3-ubyte", images(1));
    assertRefused(directory, "files of no split beside others");
    Files.delete(directory.resolve("train-images-idx3-ubyte"));
    write("images2-idx3-ubyte", images(1));
    Dataset both = open(directory, 8, 1);
    assertEquals(2, both.size());
    assertTrue(both.warnings().getFirst().contains("tell no split: all are read"));
  }

  @Test
  void otherImagesBesideThemAreNamed() throws IOException {
    writeMnist();
    Files.copy(TestData.resource("shapes/circle/0.png"), directory.resolve("a.png"));
    Dataset data = open(directory, 8, 1);
    assertEquals(3, data.size());
    assertTrue(data.warnings().getFirst().contains("only its IDX files are"));
  }
}
