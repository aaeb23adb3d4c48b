package io.github.tornadodiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;

/** Small data sets of every kind, and how tests open them. */
public final class TestData {
  private TestData() {}

  /** A file or directory among the tests' resources. */
  public static Path resource(String name) {
    try {
      return Path.of(TestData.class.getResource("/data/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  public static Dataset open(Object source, int imageSize, int channels) {
    return Datasets.open(source.toString(), imageSize, channels, 0);
  }

  public static int[] labels(Dataset data) {
    return IntStream.range(0, data.size()).map(data::label).toArray();
  }

  /** Asserts that a source is refused in one line that holds all of the texts. */
  public static void assertRefused(Object source, String... texts) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> open(source, 8, 3)).getMessage();
    assertEquals(1, message.lines().count(), message);
    for (String text : texts) {
      assertTrue(message.contains(text), "'" + text + "' in: " + message);
    }
  }

  public static byte[] gzip(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream output = new GZIPOutputStream(bytes)) {
      output.write(content);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return bytes.toByteArray();
  }
}
