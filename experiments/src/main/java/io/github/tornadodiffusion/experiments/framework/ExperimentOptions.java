package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** The options of every experiment. */
public final class ExperimentOptions {
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
      description = "A small version that takes at most five minutes on two cores.")
  public boolean quick;

  /**
   * The directory of the run.
   *
   * @throws IOException in one line if it is in use, or there is nothing to resume
   */
  ExperimentDirectory directory(String experiment) throws IOException {
    RunDirectory named = out == null ? RunDirectory.named(experiment) : new RunDirectory(out);
    if (resume) {
      if (out == null) {
        throw new IllegalArgumentException("--resume needs --out: name the directory to go on in");
      }
      if (!Files.exists(named.manifest())) {
        throw new IOException("%s holds no experiment; leave --resume out".formatted(out));
      }
    } else {
      named.checkFree("choose another --out, or go on with --resume");
    }
    OutputFiles.prepareDirectory("--out", named.path());
    return new ExperimentDirectory(named.path());
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
