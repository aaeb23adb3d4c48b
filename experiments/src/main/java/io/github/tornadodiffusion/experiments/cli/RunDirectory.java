package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Stream;

/**
 * The files of a training run, apart from those of the model.
 *
 * @param path the directory
 */
public record RunDirectory(Path path) {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  /** A new directory in {@code runs/}, named after the preset and the time. */
  public static RunDirectory named(String preset) {
    String name = preset + "-" + LocalDateTime.now(ZoneId.systemDefault()).format(TIME);
    Path path = Path.of("runs", name);
    for (int i = 2; Files.exists(path); i++) {
      path = Path.of("runs", name + "-" + i);
    }
    return new RunDirectory(path);
  }

  /**
   * Checks that a run can begin here.
   *
   * @param mend what to do if there is a run already
   * @throws IOException in one line if there is one already, or anything else
   */
  public void checkFree(String mend) throws IOException {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new IOException("%s is a file; choose another --out".formatted(path));
    }
    if (!Files.isDirectory(path)) {
      return;
    }
    if (Files.exists(manifest())) {
      throw new IOException("%s already holds a run; %s".formatted(path, mend));
    }
    try (Stream<Path> files = Files.walk(path)) {
      // A run that was refused at its start may have left its lock.
      if (files.anyMatch(file -> !Files.isDirectory(file) && !file.equals(lockFile()))) {
        throw new IOException("%s is not empty; choose another --out".formatted(path));
      }
    }
  }

  /** Whether the run here ended before it saved anything, so that resuming means starting again. */
  public boolean hasOnlyBegun() throws IOException {
    return Files.exists(manifest())
        && checkpoints().all().isEmpty()
        && !Files.exists(path.resolve(DiffusionModel.INDEX));
  }

  /**
   * Locks out other processes and removes incomplete files that killed ones left.
   *
   * @throws IOException in one line if another process is at work here
   */
  @SuppressWarnings("MustBeClosedChecker") // the caller closes it
  public RunLock lock() throws IOException {
    RunLock lock = RunLock.of(lockFile(), path);
    try {
      for (String part :
          List.of(
              "",
              Checkpoints.DIRECTORY,
              DiffusionModel.UNET,
              DiffusionModel.SCHEDULER,
              "vae",
              "text_encoder",
              "text_encoder_2",
              "tokenizer",
              "tokenizer_2")) {
        AtomicFiles.removeLeftovers(path.resolve(part));
      }
      return lock;
    } catch (IOException e) {
      lock.close();
      throw e;
    }
  }

  private Path lockFile() {
    return checkpoints().directory().resolve("lock");
  }

  public Checkpoints checkpoints() {
    return Checkpoints.of(path);
  }

  public Path samples() {
    return path.resolve("samples.png");
  }

  /** The picture after a step. */
  public Path samplesAt(Object step) {
    return path.resolve("samples-%s.png".formatted(step));
  }

  public Path lossCsv() {
    return path.resolve("loss.csv");
  }

  public Path lossPlot() {
    return path.resolve("loss.png");
  }

  public Path manifest() {
    return path.resolve("manifest.json");
  }
}
