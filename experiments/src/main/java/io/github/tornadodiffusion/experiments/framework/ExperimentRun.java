package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.cli.Deadline;
import io.github.tornadodiffusion.experiments.cli.Devices;
import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Manifest;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.RunLock;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One run of an experiment, or of a part of it, from its manifest to its report. */
public final class ExperimentRun {
  /** Keys of the manifest. */
  public static final String EXPERIMENT = "experiment";

  public static final String CONFIGURATION = "configuration";
  public static final String UNITS = "units";

  /** Values of the configuration that decide nothing. */
  private static final Set<String> IN_WORDS = Set.of("images");

  /** The number of parts in which progress of a unit is shown. */
  private static final int PARTS = 1000;

  private final Experiment experiment;
  private final ExperimentOptions options;
  private final List<String> arguments;
  private final PrintWriter err;
  private final Ineffective ignored;
  private final Communicator processes = Mpi.join();

  /** The units of this command: all, or those of --shard. */
  private List<Experiment.Unit> mine;

  private ExperimentDirectory directory;

  /** Of process 0 alone. */
  private Manifest manifest;

  private RunLock lock;

  /**
   * A run.
   *
   * @param arguments of the command line, which 'experiment rerun' repeats
   */
  private ExperimentRun(
      Experiment experiment,
      ExperimentOptions options,
      List<String> arguments,
      PrintWriter err,
      Ineffective ignored) {
    this.experiment = experiment;
    this.options = options;
    this.arguments = arguments;
    this.err = err;
    this.ignored = ignored;
  }

  /**
   * Runs an experiment as a command, which was parsed: does the remaining work and writes the
   * report.
   *
   * @return the exit code
   */
  public static int execute(Experiment experiment, ExperimentOptions options, CommandSpec command)
      throws IOException {
    return execute(experiment, options, command, null);
  }

  /**
   * Runs an experiment as a command, likewise.
   *
   * @param ignored the run says, and keeps, which options change nothing; null if none is known
   */
  public static int execute(
      Experiment experiment, ExperimentOptions options, CommandSpec command, Ineffective ignored)
      throws IOException {
    List<String> arguments = command.root().commandLine().getParseResult().originalArgs();
    PrintWriter err = command.commandLine().getErr();
    return new ExperimentRun(experiment, options, arguments, err, ignored)
        .execute(command.commandLine().getOut());
  }

  /**
   * Does the remaining work and writes the report; returns the exit code. Several processes share
   * the work out as parts are by {@code --shard}, and process 0 has the rows of all.
   *
   * @throws IOException in one line if the run cannot start or continue here
   */
  private int execute(PrintWriter out) throws IOException {
    List<Experiment.Unit> units = experiment.units();
    mine = Together.prepare(processes, () -> options.share(units), prepared -> facts(units));
    Deadline deadline = options.deadline();
    directory =
        new ExperimentDirectory(
            Path.of(
                Together.fromLeader(
                    processes,
                    () -> options.directory(experiment.kind().name()).path().toString())));
    try (Interruption interruption = new Interruption(deadline)) {
      List<String> left = strings(Together.fromLeader(processes, () -> begin(units)));
      return Together.run(processes, err, this::kept, () -> run(left, interruption, out));
    } finally {
      if (lock != null) {
        lock.close();
      }
    }
  }

  /** What must be the same in all processes. */
  private Map<String, Object> facts(List<Experiment.Unit> units) {
    Map<String, Object> facts = new TreeMap<>(experiment.configuration());
    // Processes of one machine may have a device each, and machines other processors.
    facts.remove("threads");
    facts.computeIfPresent("device", (key, device) -> device.toString().replaceFirst(":.*", ""));
    facts.put(EXPERIMENT, experiment.kind().name());
    facts.put(UNITS, units.stream().map(Experiment.Unit::key).toList());
    return facts;
  }

  /** Begins in the directory; returns the keys of the units that are left, as a list. */
  private String begin(List<Experiment.Unit> units) throws IOException {
    lock = directory.lock();
    manifest = manifest(units);
    if (ignored != null) {
      ignored.say(err);
      manifest.ignored(ignored);
    }
    AtomicFiles.write(directory.manifest(), manifest.json());
    List<String> left =
        mine.stream().map(Experiment.Unit::key).filter(key -> !directory.isDone(key)).toList();
    announce(units.size(), mine.size(), left.size());
    return Json.write(left);
  }

  private int run(List<String> left, Interruption interruption, PrintWriter out)
      throws IOException {
    List<Experiment.Unit> own =
        IntStream.range(0, left.size())
            .filter(i -> i % processes.size() == processes.rank())
            .mapToObj(left::get)
            .flatMap(key -> mine.stream().filter(unit -> unit.key().equals(key)))
            .toList();
    boolean complete = run(mine.size() - left.size(), left.size(), own, interruption);
    collect(own);
    boolean inTime = interruption.isTimeOver();
    if (!processes.leads()) {
      return complete || inTime ? 0 : Errors.FAILURE;
    }
    complete = mine.stream().allMatch(unit -> directory.isDone(unit.key()));
    manifest.ended(complete ? "finished" : "interrupted");
    AtomicFiles.write(directory.manifest(), manifest.json());
    if (!complete) {
      // Another process may be the one whose time is over.
      inTime |= options.maxHours != null && !interruption.requested();
      err.println(
          "stopped%s, %s".formatted(inTime ? " after the time of --max-hours" : "", kept()));
      err.flush();
      reportSoFar(directory);
      if (inTime) {
        directory.announce(out);
      }
      // A run that ended in time has not failed.
      return inTime ? 0 : Errors.FAILURE;
    }
    experiment.kind().report(directory);
    directory.announce(out);
    return 0;
  }

  /** Brings process 0 what others have done, where it does not see their files. */
  private void collect(List<Experiment.Unit> own) throws IOException {
    List<String> done = own.stream().map(Experiment.Unit::key).filter(directory::isDone).toList();
    List<String> missing = new ArrayList<>();
    for (byte[] others : processes.gather(bytes(done))) {
      strings(new String(others, StandardCharsets.UTF_8)).stream()
          .filter(key -> !directory.isDone(key))
          .forEach(missing::add);
    }
    missing = strings(new String(processes.broadcast(bytes(missing)), StandardCharsets.UTF_8));
    List<String> asked = done.stream().filter(missing::contains).toList();
    for (byte[] units : processes.gather(directory.pack(asked))) {
      directory.unpack(units);
    }
  }

  private static byte[] bytes(List<String> keys) {
    return Json.write(keys).getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> strings(String json) {
    List<String> strings = new ArrayList<>();
    Json.tree(json).forEach(node -> strings.add(node.asString()));
    return strings;
  }

  /**
   * Makes the report of what there is, if that can be done: whoever draws the first picture of a
   * process prepares something for its end, which the JVM refuses once that has begun.
   */
  private void reportSoFar(ExperimentDirectory directory) throws IOException {
    try {
      experiment.kind().report(directory);
    } catch (IllegalStateException | LinkageError e) {
      if (!Interruption.isOf(e)) {
        throw e;
      }
    }
  }

  /** What is kept of a run that ends before, and the command that goes on. */
  private String kept() {
    long done = mine.stream().filter(unit -> directory.isDone(unit.key())).count();
    String begun =
        mine.stream()
            .map(Experiment.Unit::key)
            .filter(unit -> Files.isDirectory(directory.unfinished(unit)))
            .findFirst()
            .map(unit -> " and the training of %s so far".formatted(unit))
            .orElse("");
    List<String> again = new ArrayList<>(arguments);
    if (!options.resume) {
      again.add("--resume");
    }
    if (options.out == null) {
      again.addAll(List.of("--out", directory.path().toString()));
    }
    return "%d of %d parts%s are kept; %s %s goes on"
        .formatted(done, mine.size(), begun, Shell.program(), Shell.line(again));
  }

  private Manifest manifest(List<Experiment.Unit> units) throws IOException {
    Manifest manifest = new Manifest(arguments);
    manifest.put("devices", Devices.list());
    manifest.put(EXPERIMENT, experiment.kind().name());
    manifest.put(CONFIGURATION, experiment.configuration());
    manifest.put("shard", options.shard);
    if (processes.size() > 1) {
      manifest.put("processes", processes.size());
    }
    manifest.put(UNITS, units.stream().map(Experiment.Unit::key).toList());
    if (options.resume) {
      JsonNode before = directory.readManifest();
      checkSame(before, manifest);
      manifest.after(Files.readString(directory.manifest()));
    }
    return manifest;
  }

  /** All rows of one directory must come from the same configuration. */
  private void checkSame(JsonNode before, Manifest manifest) {
    JsonNode now = Json.tree(manifest.json());
    for (String key : List.of(EXPERIMENT, CONFIGURATION, UNITS, "shard")) {
      JsonNode then = before.path(key);
      JsonNode today = now.path(key);
      if (today instanceof ObjectNode fields) {
        // What says in words what other fields say in numbers, and earlier versions did not have.
        fields.retain(
            fields.propertyNames().stream()
                .filter(name -> then.has(name) || !IN_WORDS.contains(name))
                .toList());
      }
      if (!then.equals(today)) {
        throw new IllegalArgumentException(
            "the experiment in --out began with another %s: give the options it began with"
                .formatted(key));
      }
    }
  }

  private void announce(int all, int mine, int left) {
    int together = Math.clamp(left, 1, processes.size());
    double seconds = left == 0 ? 0 : experiment.estimateSeconds() * left / all / together;
    if (options.quick && !options.quickIsDecided && seconds > QuickTime.SECONDS) {
      QuickTime.tooLong(err, seconds, "it");
    }
    err.printf(
        "%s: %d parts%s%s%s; about %s%s%n",
        experiment.kind().name(),
        mine,
        mine < all ? " of %d, as --shard says".formatted(all) : "",
        left < mine ? ", %d are done".formatted(mine - left) : "",
        processes.size() > 1 ? ", shared by %d processes".formatted(processes.size()) : "",
        Progress.duration((long) (seconds * 1e9)),
        experiment.subject().isEmpty() ? "" : "; " + Messages.line(experiment.subject()));
    if (processes.sharingProcessors() > 1) {
      err.println("times are those of processes that share the processors of a machine");
    }
    err.flush();
  }

  /**
   * Runs the units of this process.
   *
   * @param before units that are done
   * @param left units of all processes, which are about as far as this one
   * @return whether all are complete
   */
  private boolean run(int before, int left, List<Experiment.Unit> own, Interruption interruption)
      throws IOException {
    int done = 0;
    double each = (double) PARTS * left / Math.max(1, own.size());
    long start = (long) before * PARTS;
    try (Progress progress =
        Progress.on(err, experiment.kind().name(), start, (long) (before + left) * PARTS)) {
      for (Experiment.Unit unit : own) {
        if (interruption.requested()) {
          return false;
        }
        Collected collected =
            new Collected(
                unit.key(),
                directory.unfinished(unit.key()),
                start + done * each,
                each,
                progress,
                interruption);
        unit.run(collected);
        directory.keep(unit.key(), collected.rows, collected.pictures);
        done++;
        progress.update(Math.round(start + done * each), unit.key() + " done");
      }
      return true;
    } catch (CancellationException e) {
      return false;
    }
  }

  /** The results of a unit. */
  private static final class Collected implements Experiment.Sink {
    private final String unit;
    private final Path unfinished;
    private final double before;
    private final double all;
    private final Progress progress;
    private final Interruption interruption;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    private final SequencedMap<String, byte[]> pictures = new LinkedHashMap<>();
    private long last = System.nanoTime();

    Collected(
        String unit,
        Path unfinished,
        double before,
        double all,
        Progress progress,
        Interruption interruption) {
      this.unit = unit;
      this.unfinished = unfinished;
      this.before = before;
      this.all = all;
      this.progress = progress;
      this.interruption = interruption;
    }

    @Override
    public void row(String table, Map<String, ?> row) {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("table", table);
      // JSON has only finite numbers.
      row.forEach((name, value) ->
          values.put(name, value instanceof Double d && !Double.isFinite(d) ? null : value));
      rows.add(values);
    }

    @Override
    public void picture(String name, byte[] png) {
      pictures.put(name, png);
    }

    @Override
    public Optional<Path> unfinished() {
      return Optional.of(unfinished);
    }

    @Override
    public void progress(double share, String details) {
      long now = System.nanoTime();
      interruption.deadline().piece(now - last);
      last = now;
      if (interruption.requested()) {
        throw new CancellationException();
      }
      progress.update(Math.round(before + Math.clamp(share, 0, 1) * all), unit + " " + details);
    }
  }
}
