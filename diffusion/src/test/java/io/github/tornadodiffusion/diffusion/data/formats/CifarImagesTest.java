package io.github.tornadodiffusion.diffusion.data.formats;

import static io.github.tornadodiffusion.diffusion.data.TestData.assertRefused;
import static io.github.tornadodiffusion.diffusion.data.TestData.labels;
import static io.github.tornadodiffusion.diffusion.data.TestData.open;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarImagesTest {
  @TempDir Path directory;

  /** Records as the publisher describes them: labels, then the red, green and blue plane. */
  private static byte[] records(int coarse, int... labels) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int label : labels) {
      if (coarse >= 0) {
        bytes.write(coarse);
      }
      bytes.write(label);
      for (int i = 0; i < 3072; i++) {
        bytes.write(label + i / 1024 * 100 + i % 32);
      }
    }
    return bytes.toByteArray();
  }

  private Path write(String name, byte[] content) throws IOException {
    return Files.write(directory.resolve(name), content);
  }

  private static void assertPixels(int label, float[] image) {
    for (int i = 0; i < 3072; i++) {
      int expected = label + i / 1024 * 100 + i % 32 & 0xFF;
      assertEquals(expected / 127.5f - 1, image[i], 1e-6f, "sample " + i);
    }
  }

  @Test
  void cifar10() throws IOException {
    write("data_batch_1.bin", records(-1, 3, 1));
    write("data_batch_2.bin", records(-1, 9));
    Path test = write("test_batch.bin", records(-1, 4));
    List<String> names = List.of("plane", "car", "b", "cat", "e", "f", "g", "h", "ship", "truck");
    Files.writeString(directory.resolve("batches.meta.txt"), String.join("\n", names) + "\n\n");
    Dataset data = open(directory, 32, 3);
    assertArrayEquals(new int[] {3, 1, 9}, labels(data));
    assertEquals(names, data.classNames());
    assertPixels(1, data.image(1));
    assertPixels(9, data.image(2));
    assertArrayEquals(new int[] {4}, labels(open(directory + ":test", 32, 3)));
    assertArrayEquals(new int[] {4}, labels(open(test, 32, 3)));
    assertArrayEquals(new int[] {3, 1, 9, 4}, labels(open(directory + ":all", 16, 1)));
  }

  @Test
  void cifar100HasFineLabels() throws IOException {
    write("train.bin", records(11, 99, 0));
    write("test.bin", records(12, 5));
    Dataset data = open(directory, 32, 3);
    assertArrayEquals(new int[] {99, 0}, labels(data));
    assertEquals(IntStream.range(0, 100).mapToObj(Integer::toString).toList(), data.classNames());
    assertPixels(99, data.image(0));
    assertPixels(5, open(directory.resolve("test.bin"), 32, 3).image(0));
  }

  @Test
  void damagedFilesAreRefused() throws IOException {
    byte[] whole = records(-1, 1, 2);
    Path file = write("data_batch_1.bin", Arrays.copyOf(whole, whole.length - 1));
    assertRefused(directory, file.toString(), "truncated");
    write("data_batch_1.bin", records(-1, 1, 10));
    assertRefused(directory, file.toString(), "label 10", "10 classes");
    write("data_batch_1.bin", new byte[0]);
    assertRefused(directory, file.toString(), "truncated");
    assertRefused(file, file.toString(), "is empty");
    write("data_batch_1.bin", whole);
    write("train.bin", records(1, 2));
    assertRefused(directory, "CIFAR-10 and of CIFAR-100");
  }
}
