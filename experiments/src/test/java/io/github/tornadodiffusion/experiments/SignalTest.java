package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands that are asked to end: one line says what is kept, and what goes on. */
@DisabledOnOs(OS.WINDOWS)
class SignalTest {
  private static final int IMAGES = 4;

  @TempDir static Path directory;

  private static Path model;

  @BeforeAll
  static void train() {
    model = directory.resolve("model");
    CommandRun.succeeds(
        "train", "--out", model.toString(), "--steps", "1", "--batch", "1", "--samples", "0");
  }

  /** The line that is not progress. */
  private static String last(String printed) {
    assertFalse(printed.contains("Shutdown in progress"), printed);
    assertFalse(printed.contains("\tat "), printed);
    List<String> stopped = printed.lines().filter(line -> line.startsWith("stopped, ")).toList();
    assertEquals(1, stopped.size(), printed);
    return stopped.getFirst();
  }

  private static String[] sample(Path images, String... more) {
    List<String> command = new ArrayList<>(List.of("sample", "--model", model.toString()));
    command.addAll(List.of("--images", images.toString(), "--count", "" + IMAGES));
    command.addAll(List.of("--batch", "1", "--scheduler", "ddim", "--threads", "1"));
    command.addAll(List.of(more));
    return command.toArray(String[]::new);
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void imagesThatAreThereAreKeptAndTheRestIsDrawn(String signal, int code) throws Exception {
    Path images = directory.resolve("images-" + signal);
    String[] sample = sample(images, "--steps", "300");
    String printed;
    try (ProgramRun run = ProgramRun.start(directory, List.of(), sample)) {
      run.await(images.resolve("00000.png"));
      run.signal(signal);
      printed = run.end(code);
    }
    String line = last(printed);
    assertTrue(line.contains("of 4 images are kept in " + images), line);
    assertTrue(line.endsWith(" --resume goes on"), line);
    long kept;
    try (Stream<Path> files = Files.list(images)) {
      kept = files.count();
    }
    assertTrue(line.startsWith("stopped, %d of ".formatted(kept)), line + ", there are " + kept);
    assertTrue(kept < IMAGES, "it was too late");
  }

  /** The same files as without a stop, and the picture of all. */
  @Test
  void whatGoesOnIsTheSameToTheByte() throws IOException {
    Path whole = directory.resolve("whole");
    Path picture = directory.resolve("whole.png");
    CommandRun.succeeds(sample(whole, "--steps", "3", "--out", picture.toString()));
    Path part = Files.createDirectories(directory.resolve("part"));
    for (int i = 0; i < 3; i++) {
      Files.copy(whole.resolve("0000%d.png".formatted(i)), part.resolve("0000%d.png".formatted(i)));
    }
    Path other = directory.resolve("part.png");
    CommandRun run =
        CommandRun.succeeds(sample(part, "--steps", "3", "--resume", "--out", other.toString()));
    assertTrue(run.err().contains("3 of 4 images are there"), run.err());
    for (int i = 0; i < IMAGES; i++) {
      String name = "0000%d.png".formatted(i);
      assertEquals(-1, Files.mismatch(whole.resolve(name), part.resolve(name)), name);
    }
    assertEquals(-1, Files.mismatch(picture, other));
    // All are there: nothing is drawn.
    CommandRun.succeeds(sample(part, "--steps", "3", "--resume"));
    CommandRun.refused(List.of("steps 3 and not 4"), sample(part, "--steps", "4", "--resume"));
    CommandRun.refused(
        List.of("seed 0 and not 1"), sample(part, "--steps", "3", "--resume", "--seed", "1"));
    CommandRun.refused(List.of("not empty"), sample(part, "--steps", "3"));
    Files.writeString(part.resolve("00001.png"), "no picture");
    CommandRun.refused(List.of("00001.png"), sample(part, "--steps", "3", "--resume"));
  }

  @Test
  void anExperimentKeepsTheTrainingThatItWasIn() throws Exception {
    Path out = directory.resolve("experiment");
    String[] command = {
      "experiment",
      "schedules",
      "--quick",
      "--steps",
      "1000000",
      "--seeds",
      "3",
      "--batch",
      "1",
      "--out",
      out.toString()
    };
    String printed;
    try (ProgramRun run = ProgramRun.start(directory, List.of(), command)) {
      // Ten seconds after the start there is a line of progress, which names the step.
      run.awaitPrinted("training step ");
      run.signal("TERM");
      printed = run.end(143);
    }
    String line = last(printed);
    assertTrue(
        line.contains("0 of 6 parts and the training of seed-0-linear so far are kept"), line);
    assertTrue(line.endsWith(" --resume goes on"), line);
    assertTrue(
        Files.exists(out.resolve("unfinished/seed-0-linear/training_state")), "no checkpoint");
    assertTrue(Files.readString(out.resolve("manifest.json")).contains("\"interrupted\""));
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void commandsThatKeepNothingSayHowToBeginAnew(String signal, int code) throws Exception {
    String[] bench = {"bench", "train-step", "--preset", "digits", "--runs", "1000000"};
    try (ProgramRun run = ProgramRun.start(directory, List.of(), bench)) {
      Thread.sleep(3000);
      run.signal(signal);
      assertTrue(
          last(run.end(code))
              .endsWith("bench train-step --preset digits --runs 1000000 begins anew"));
    }
    Path preview = directory.resolve("preview.png");
    String[] data = {
      "data",
      "preview",
      "--data",
      "butterflies:30000",
      "--image-size",
      "128",
      "--out",
      preview.toString()
    };
    try (ProgramRun run = ProgramRun.start(directory, List.of(), data)) {
      Thread.sleep(2000);
      run.signal(signal);
      assertTrue(last(run.end(code)).contains("nothing is kept"));
    }
    assertFalse(Files.exists(preview));
  }
}
