package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.report.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A claim as a program: units of work that make rows, and a report that is made of the rows alone.
 */
public interface Experiment {
  /** What it is called and how it is reported. */
  Kind kind();

  /** Everything that decides what the rows are, by name; parts of one experiment have the same. */
  Map<String, Object> configuration();

  /** The work, in the order in which it is done; every key once. */
  List<Unit> units();

  /**
   * How long all units are expected to take on this machine, in seconds. It may be measured, if
   * that takes seconds.
   */
  double estimateSeconds();

  /** A part that is done as a whole or not at all, in any order and on any node of a cluster. */
  interface Unit {
    /** A file name that tells units apart, such as {@code seed-1-linear}. */
    String key();

    /**
     * Does the work.
     *
     * @throws java.util.concurrent.CancellationException if {@link Sink#progress} threw it
     */
    void run(Sink sink) throws IOException;
  }

  /** Where a unit's results go; they are kept once the unit is complete. */
  interface Sink {
    /**
     * Adds a row of raw data.
     *
     * @param table what kind of row it is
     * @param row numbers (finite or not), texts and booleans by name; see {@link Figures} on names
     */
    void row(String table, Map<String, ?> row);

    /** Adds a picture that the report may show. */
    void picture(String name, byte[] png);

    /**
     * Where the unit may keep what it needs to go on from where it was stopped; gone once it is
     * complete.
     *
     * @return a directory that may not be there yet; empty if nothing is kept
     */
    default Optional<Path> unfinished() {
      return Optional.empty();
    }

    /**
     * Tells how far the unit is.
     *
     * @param share from 0 to 1
     * @param details what it is at
     * @throws java.util.concurrent.CancellationException if the process is asked to end
     */
    void progress(double share, String details);
  }

  /**
   * A kind of experiment.
   *
   * @param name what {@code experiment} and manifests call it
   * @param report makes its report of nothing but raw data; these may not be complete
   * @param comparable what two runs are compared by: the rows, or figures that are made of them
   */
  record Kind(
      String name,
      Function<ExperimentData, Report> report,
      UnaryOperator<List<ExperimentData.Row>> comparable) {
    /** Runs of it are compared row by row. */
    public Kind(String name, Function<ExperimentData, Report> report) {
      this(name, report, rows -> rows);
    }

    /** Makes the report of a directory, anew if there is one. */
    public void report(ExperimentDirectory directory) throws IOException {
      report.apply(ExperimentData.read(directory)).write(directory.path());
    }
  }
}
