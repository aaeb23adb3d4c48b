package io.github.tornadodiffusion.diffusion.data.sources;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatasetsTest {
  @Test
  void opensWhatIsNamed(@TempDir Path directory) throws IOException {
    assertInstanceOf(Digits.class, Datasets.open("digits", 16, 1, 0));
    Dataset butterflies = Datasets.open("butterflies", 32, 3, 0);
    assertEquals("butterflies 1000 32 3 0", describe(butterflies));
    assertEquals("butterflies 7 8 1 0", describe(Datasets.open("butterflies:7", 8, 1, 0)));
    Path file = directory.resolve("a.png");
    PngFiles.write(file, ImageGrid.single(new float[12], 0, 3, 2, 2), Map.of());
    assertEquals(directory + " 1 4 3 0", describe(Datasets.open(directory.toString(), 4, 3, 0)));
  }

  private static String describe(Dataset data) {
    return data.name()
        + " "
        + data.size()
        + " "
        + data.imageSize()
        + " "
        + data.channels()
        + " "
        + data.classes();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mnist", "", "  ", "no/such/place", "digits:3", "butterfly", "a\0b"})
  void unknownSourcesListWhatIsAccepted(String source) {
    String message = refusal(source, 8, 3);
    assertTrue(message.contains("butterflies:COUNT"), message);
    assertTrue(message.contains("digits"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "butterflies:",
        "butterflies:0",
        "butterflies:-1",
        "butterflies:many",
        "butterflies:1e3",
        "butterflies:99999999999"
      })
  void butterfliesWantANumber(String source) {
    assertTrue(refusal(source, 8, 3).contains("butterflies:COUNT"));
  }

  @ParameterizedTest
  @CsvSource({"8,2,channels", "8,0,channels", "0,1,image size", "-4,1,image size", "99999,3,size"})
  void impossibleShapesAreNamed(int imageSize, int channels, String expected) {
    assertTrue(refusal("digits", imageSize, channels).contains(expected));
  }

  @Test
  void refusesMoreButterfliesThanMemoryHolds() {
    String message = refusal("butterflies:900000000", 1024, 3);
    assertTrue(message.contains("-Xmx"), message);
  }

  private static String refusal(String source, int imageSize, int channels) {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> Datasets.open(source, imageSize, channels, 0))
            .getMessage();
    assertEquals(1, message.lines().count(), message);
    return message;
  }
}
