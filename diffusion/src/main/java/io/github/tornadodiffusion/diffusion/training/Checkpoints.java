package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.nn.io.AtomicDirectories;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a training run, {@code training_state/checkpoint-STEP}: each a directory that
 * is either complete or absent, with the checksums of its files in {@code SHA256SUMS} ({@code
 * sha256sum -c} reads it).
 *
 * @param directory that holds them
 */
public record Checkpoints(Path directory) {
  /** The name of the directory within that of a run. */
  public static final String DIRECTORY = "training_state";

  private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{1,9})");

  /**
   * One checkpoint.
   *
   * @param step steps done
   */
  public record Checkpoint(Path path, int step) {
    /**
     * Checks that a run can go on from here, without a device and without reading parameters.
     *
     * @throws IOException in one line if it is damaged
     * @throws IllegalArgumentException in one line naming the first setting that differs
     */
    public void check(TrainingTask config, Dataset dataset) throws IOException {
      TrainingState.check(path, config, dataset);
    }
  }

  /**
   * The newest checkpoint that is whole.
   *
   * @param damaged for every newer one, what is wrong with it, in one line
   */
  public record Newest(Checkpoint checkpoint, List<String> damaged) {}

  /** The checkpoints of a run. */
  public static Checkpoints of(Path runDirectory) {
    return new Checkpoints(runDirectory.resolve(DIRECTORY));
  }

  /** Makes the directory that holds them. */
  public void makeDirectory() throws IOException {
    AtomicFiles.makeDirectory(directory);
  }

  /** All, whole or damaged, the newest first. */
  public List<Checkpoint> all() throws IOException {
    List<Checkpoint> all = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path path : files.toList()) {
          Matcher name = NAME.matcher(path.getFileName().toString());
          if (name.matches()) {
            all.add(new Checkpoint(path, Integer.parseInt(name.group(1))));
          }
        }
      }
    }
    all.sort(Comparator.comparingInt(Checkpoint::step).reversed());
    return all;
  }

  /**
   * All, whole or damaged, the newest first.
   *
   * @throws IOException in one line if there is none
   */
  public List<Checkpoint> requireAny() throws IOException {
    List<Checkpoint> all = all();
    if (all.isEmpty()) {
      throw new IOException(
          "%s holds no checkpoint to resume from: start the run without --resume"
              .formatted(directory));
    }
    return all;
  }

  /**
   * The newest one whose files have the right checksums.
   *
   * @throws IOException in one line if there is none
   */
  public Newest newest() throws IOException {
    List<String> damaged = new ArrayList<>();
    for (Checkpoint checkpoint : requireAny()) {
      try {
        Checksums.check(checkpoint.path);
        return new Newest(checkpoint, damaged);
      } catch (IOException e) {
        damaged.add(e.getMessage());
      }
    }
    throw new IOException(
        "No checkpoint in %s is whole (%s): start the run anew in another directory"
            .formatted(directory, String.join("; ", damaged)));
  }

  /**
   * Writes a checkpoint; once it is whole, removes all but the newest. Checkpoints of later steps
   * are removed too: a run that went on from an earlier checkpoint will write them again.
   *
   * @param limit how many remain, the new one included
   * @throws IOException in one line if it cannot be written; earlier ones are unchanged
   */
  Checkpoint write(TrainingState state, int limit) throws IOException {
    Path path = directory.resolve("checkpoint-" + state.step());
    AtomicDirectories.write(
        path,
        temporary -> {
          state.write(temporary);
          Checksums.write(temporary, List.of(TrainingState.TENSORS, TrainingState.CURVE));
        });
    int kept = 0;
    for (Checkpoint checkpoint : all()) {
      if (checkpoint.step > state.step() || ++kept > limit) {
        AtomicDirectories.remove(checkpoint.path);
      }
    }
    return new Checkpoint(path, state.step());
  }
}
