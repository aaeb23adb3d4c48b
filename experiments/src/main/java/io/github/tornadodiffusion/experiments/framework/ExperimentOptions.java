package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.cli.Deadline;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The options of every experiment. */
public final class ExperimentOptions {
  private static final int MOST_HOURS = 100_000;
  private static final double NANOS_PER_HOUR = 3600e9;
  private static final Pattern SHARD = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory for the results, new or empty (default: runs/NAME-TIME).")
  Path out;

  @Option(
      names = "--resume",
      description =
          "Go on in --out with an experiment that was stopped; its options must be given.")
  boolean resume;

  @Option(
      names = "--shard",
      paramLabel = "I/N",
      description =
          "Do only part I of N, for the nodes of a cluster; 'experiment merge' joins them.")
  String shard;

  @Option(
      names = "--quick",
      description =
          "A small version that takes at most five minutes: how small is decided by measuring, and"
              + " what is given stays as it is.")
  public boolean quick;

  @Option(
      names = "--max-hours",
      paramLabel = "F",
      description = {
        "End in order after so many hours, such as 0.5: with a report of what is done by then and"
            + " the command that goes on."
      })
  Double maxHours;

  private final long start = System.nanoTime();

  /** Whether it was found out how long the version of --quick takes. */
  boolean quickIsDecided;

  /** Seconds since the command line was read. */
  double seconds() {
    return (System.nanoTime() - start) * 1e-9;
  }

  /**
   * The time by which the run must have ended.
   *
   * @throws IllegalArgumentException in one line if it is no time above 0
   */
  Deadline deadline() {
    if (maxHours == null) {
      return Deadline.sinceStart(null);
    }
    if (!(maxHours > 0) || maxHours > MOST_HOURS) {
      throw new IllegalArgumentException(
          "--max-hours is %s; give a number above 0, and at most %d"
              .formatted(maxHours, MOST_HOURS));
    }
    return new Deadline(
        Duration.ofNanos((long) (maxHours * NANOS_PER_HOUR) + start - System.nanoTime()),
        System::nanoTime);
  }

  /**
   * The directory of the run.
   *
   * @throws IOException in one line if it is in use, or there is nothing to resume
   */
  ExperimentDirectory directory(String experiment) throws IOException {
    RunDirectory named = out == null ? RunDirectory.named(experiment) : new RunDirectory(out);
    check(named);
    OutputFiles.prepareDirectory("--out", named.path());
    return new ExperimentDirectory(named.path());
  }

  /**
   * Runs a command that goes on with an experiment once more, with what the experiment chose by
   * itself when it began.
   *
   * @return the exit code; empty if the command has all it needs
   * @throws IOException in one line if there is nothing to resume
   */
  public OptionalInt again(CommandSpec command) throws IOException {
    // Before anything is measured or said.
    deadline();
    String begun =
        Together.fromLeader(
            Mpi.join(),
            () -> {
              if (out != null) {
                check(new RunDirectory(out));
              }
              return resume && out != null
                  ? new ExperimentDirectory(out).readManifest().toString()
                  : "";
            });
    if (begun.isEmpty()) {
      return OptionalInt.empty();
    }
    CommandLine root = command.root().commandLine();
    List<String> given = root.getParseResult().originalArgs();
    List<String> all = RecordedOptions.with(given, Json.tree(begun));
    return all.equals(given)
        ? OptionalInt.empty()
        : OptionalInt.of(root.execute(all.toArray(String[]::new)));
  }

  private void check(RunDirectory named) throws IOException {
    if (!resume) {
      named.checkFree("choose another --out, or go on with --resume");
    } else if (out == null) {
      throw new IllegalArgumentException("--resume needs --out: name the directory to go on in");
    } else if (!Files.exists(named.manifest())) {
      throw new IOException("%s holds no experiment; leave --resume out".formatted(out));
    }
  }

  /** The units that belong to this process. */
  List<Experiment.Unit> share(List<Experiment.Unit> units) {
    if (shard == null) {
      return units;
    }
    Matcher matcher = SHARD.matcher(shard);
    int part = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
    int parts = matcher.matches() ? Integer.parseInt(matcher.group(2)) : 0;
    if (part < 1 || part > parts) {
      throw new IllegalArgumentException(
          "--shard is %s: give I/N with I from 1 to N".formatted(Messages.line(shard)));
    }
    return IntStream.range(0, units.size())
        .filter(i -> i % parts == part - 1)
        .mapToObj(units::get)
        .toList();
  }
}
