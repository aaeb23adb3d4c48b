package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Four training steps of models of every kind on a device: what they come to on jvm, in six digits.
 */
@OnDevice
class DeviceTrainingTest {
  private static final double SIX_DIGITS = 1e-6;

  @TempDir private Path temporary;

  private Path train(String name, String device, String... more) {
    Path out = temporary.resolve(name);
    List<String> arguments = new ArrayList<>(List.of("train", "--out", out.toString()));
    arguments.addAll(List.of("--device", device, "--batch", "2", "--samples", "0"));
    arguments.addAll(List.of(more));
    CommandRun.succeeds(arguments.toArray(String[]::new));
    return out;
  }

  private static double[] losses(Path run) throws IOException {
    return Files.readAllLines(run.resolve("loss.csv")).stream()
        .skip(1)
        .mapToDouble(line -> Double.parseDouble(line.split(",")[1]))
        .toArray();
  }

  private static byte[] weights(Path run) throws IOException {
    return Files.readAllBytes(run.resolve("unet/diffusion_pytorch_model.safetensors"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--preset digits",
        "--preset unit1",
        "--preset digits --class-conditional",
        "--preset digits --variance learned_range"
      })
  void lossesAreThoseOfTheJvm(String kind) throws IOException {
    String[] options = (kind + " --steps 4").split(" ");
    double[] expected = losses(train("jvm", "jvm", options));
    double[] actual = losses(train("device", OnDevice.ID, options));
    assertEquals(4, actual.length);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], SIX_DIGITS * expected[i], "step " + (i + 1));
    }
  }

  @Test
  void aResumedRunEndsWithTheSameModel() throws IOException {
    Path undisturbed = train("undisturbed", OnDevice.ID, "--steps", "4");
    train("stopped", OnDevice.ID, "--steps", "2", "--checkpointing-steps", "1");
    Path resumed = train("stopped", OnDevice.ID, "--steps", "4", "--resume");
    assertArrayEquals(weights(undisturbed), weights(resumed));
    assertArrayEquals(losses(undisturbed), losses(resumed));
  }

  @Test
  void samplesAreThoseOfTheJvm() throws IOException {
    Path run = train("model", "jvm", "--steps", "2");
    DataBuffer expected = sample(run, "jvm");
    DataBuffer actual = sample(run, OnDevice.ID);
    for (int i = 0; i < expected.getSize(); i++) {
      assertEquals(expected.getElem(i), actual.getElem(i), 1, "pixel " + i);
    }
  }

  private DataBuffer sample(Path run, String device) throws IOException {
    Path out = temporary.resolve(device.replace(':', '-') + ".png");
    CommandRun.succeeds(
        "sample",
        "--model",
        run.toString(),
        "--out",
        out.toString(),
        "--count",
        "2",
        "--steps",
        "3",
        "--device",
        device);
    BufferedImage image = ImageIO.read(out.toFile());
    return image.getRaster().getDataBuffer();
  }
}
