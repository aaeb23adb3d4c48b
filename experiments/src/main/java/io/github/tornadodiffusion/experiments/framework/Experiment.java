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
 * A claim as a program: units of work that produce rows, and a report that is made from the rows
 * alone.
 */
public interface Experiment {
  /** Its name and its report. */
  Kind kind();

  /** Everything that determines the rows, by name; parts of one experiment share it. */
  Map<String, Object> configuration();

  /** The work, in the order in which it is done; keys are unique. */
  List<Unit> units();

  /**
   * How long all units are expected to take on this machine, in seconds. It may be measured, if
   * that takes only seconds.
   */
  double estimateSeconds();

  /** What it works on, in a few words for its first line; empty if there is nothing to say. */
  default String subject() {
    return "";
  }

  /** A part that is done completely or not at all, in any order and on any node of a cluster. */
  interface Unit {
    /** A unique file name for the unit, such as {@code seed-1-linear}. */
    String key();

    /**
     * Does the work.
     *
     * @throws java.util.concurrent.CancellationException if {@link Sink#progress} threw it
     */
    void run(Sink sink) throws IOException;

    /** A part of one method. */
    static Unit of(String key, Work work) {
      return new Unit() {
        @Override
        public String key() {
          return key;
        }

        @Override
        public void run(Sink sink) throws IOException {
          work.run(sink);
        }
      };
    }
  }

  /** Does the work of a part, see {@link Unit#run}. */
  @FunctionalInterface
  interface Work {
    /** Does the work. */
    void run(Sink sink) throws IOException;
  }

  /** Receives the results of a unit; they are kept once the unit is complete. */
  interface Sink {
    /**
     * Adds a row of raw data.
     *
     * @param table the kind of the row
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
     * @param details what it is doing
     * @throws java.util.concurrent.CancellationException if the process is asked to end
     */
    void progress(double share, String details);
  }

  /**
   * A kind of experiment.
   *
   * @param name its name for {@code experiment} and in manifests
   * @param report makes its report from raw data alone, which may be incomplete
   * @param comparable the figures that two runs are compared by: the rows, or figures computed from
   *     them
   */
  record Kind(
      String name,
      Function<ExperimentData, Report> report,
      UnaryOperator<List<ExperimentData.Row>> comparable) {
    /** A kind whose runs are compared row by row. */
    public Kind(String name, Function<ExperimentData, Report> report) {
      this(name, report, rows -> rows);
    }

    /** Makes the report of a directory and its tables, replacing earlier ones. */
    public void report(ExperimentDirectory directory) throws IOException {
      ExperimentData data = ExperimentData.read(directory);
      TidyTables.write(data, directory.path());
      report.apply(data).write(directory.path());
    }
  }
}
