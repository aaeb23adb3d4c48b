package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.experiments.ProgramRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same training in processes that differ in all that must not matter. */
class SameNumbersTest {
  @TempDir private Path directory;

  private Path train(String name, int threads, String... flags) throws Exception {
    Path out = directory.resolve(name);
    ProgramRun.ends(
        0,
        directory,
        List.of(flags),
        "train",
        "--out=" + out,
        "--steps=4",
        "--batch=3",
        "--seed=11",
        "--samples=2",
        "--sample-steps=3",
        "--threads=" + threads);
    return out;
  }

  /** In Turkish an i is no i, German and Arabic write numbers otherwise. */
  @Test
  void threadsLocalesAndTimeZonesDoNotMatter() throws Exception {
    Path plain = train("plain", 1, "-Duser.language=en", "-Duser.timezone=UTC");
    List<Path> others =
        List.of(
            train("turkish", 2, "-Duser.language=tr", "-Duser.timezone=Asia/Kathmandu"),
            train("german", 3, "-Duser.language=de", "-Duser.timezone=Pacific/Kiritimati"),
            train(
                "arabic",
                1,
                "-Duser.language=ar",
                "-Duser.country=EG",
                "-Duser.timezone=America/St_Johns",
                "-Dfile.encoding=ISO-8859-1"));
    for (Path other : others) {
      for (String file :
          List.of(
              "unet/diffusion_pytorch_model.safetensors",
              "unet/config.json",
              "scheduler/scheduler_config.json",
              "model_index.json",
              "training_state/checkpoint-4/state.safetensors",
              "samples.png")) {
        assertEquals(-1, Files.mismatch(plain.resolve(file), other.resolve(file)), file);
      }
      // All but the speed.
      assertEquals(losses(plain), losses(other));
    }
  }

  private static List<String> losses(Path run) throws Exception {
    return Files.readAllLines(run.resolve("loss.csv")).stream()
        .map(line -> line.replaceFirst("[^,]*,([^,]*)$", "$1"))
        .toList();
  }
}
