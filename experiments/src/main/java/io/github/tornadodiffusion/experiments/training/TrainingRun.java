package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.diffusion.training.Checkpoints.Checkpoint;
import io.github.tornadodiffusion.diffusion.training.DivergenceException;
import io.github.tornadodiffusion.diffusion.training.LossCurve;
import io.github.tornadodiffusion.diffusion.training.LossSpike;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingTask;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Devices;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Manifest;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.RunLock;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.experiments.profile.ProfileOptions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;
import io.github.tornadodiffusion.nn.training.Training;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** One run of {@code train}, from the first step to the last file. */
final class TrainingRun {
  /** What to do if there is a training run already. */
  static final String OCCUPIED = "choose another --out, or continue it with --resume";

  /** Room for pictures, the curve and other small files, in bytes. */
  private static final long OTHER_FILES = 4 << 20;

  private final TrainingTask config;
  private final PreviewPictures.Plan plan;
  private final Dataset dataset;
  private final RunDirectory directory;
  private final Manifest manifest;
  private final CheckpointOptions checkpoints;
  private final Processes processes;
  private final Interruption interruption;
  private final PrintWriter err;
  private List<LossSpike> spikes = List.of();

  /** Recorded once, for its memory need and for the run. */
  private RecordedProgram<Training> program;

  /** Null before the first step. */
  private volatile TrainingLoop loop;

  private final TrainingPictures pictures;
  private List<Integer> shares = List.of();

  /** Of several processes; null before the end and for one. */
  private Profile.Communication communication;

  private ClassLabels labels;
  private Ineffective ignored;
  private List<String> unusual = List.of();
  private Consumer<PrintWriter> first = err -> {};

  TrainingRun(
      TrainingTask config,
      PreviewPictures.Plan plan,
      TrainingPictures pictures,
      Dataset dataset,
      RunDirectory directory,
      Manifest manifest,
      CheckpointOptions checkpoints,
      Processes processes,
      Interruption interruption,
      PrintWriter err) {
    this.config = config;
    this.plan = plan;
    this.dataset = dataset;
    this.directory = directory;
    this.manifest = manifest;
    this.checkpoints = checkpoints;
    this.processes = processes;
    this.interruption = interruption;
    this.err = err;
    this.pictures = pictures;
  }

  /**
   * Takes how many shards each of several devices computes.
   *
   * @param known empty for those of the run that goes on, or by measured speed
   */
  void shares(List<Integer> known) {
    shares = known;
  }

  /** Takes what the labels of the model mean; null for a model without classes. */
  void labels(ClassLabels known) {
    labels = known;
  }

  /** Has the run say something before anything else, once it can begin. */
  void says(Consumer<PrintWriter> what) {
    first = what;
  }

  /**
   * Has the run say, and keep, what was given in vain.
   *
   * @param warnings of what is unusual, one line each
   */
  void ignoring(Ineffective options, List<String> warnings) {
    ignored = options;
    unusual = warnings;
  }

  /**
   * Trains, samples and writes everything; returns the exit code.
   *
   * @param earlier manifest of the run that goes on
   * @throws IOException in one line if the run cannot begin here, or go on
   */
  int execute(
      DeviceOptions device,
      ProfileOptions profile,
      boolean resume,
      JsonNode earlier,
      PrintWriter out)
      throws IOException {
    MemoryNeed memory = checkMemory(device.helpers().size());
    boolean goesOn = resume && !directory.hasOnlyBegun();
    if (goesOn) {
      // Before anything is written, because there may be no run at all.
      directory.checkpoints().requireAny();
    }
    OutputFiles.checkRoom("--out", directory.path(), bytesOnDisk());
    OutputFiles.prepareDirectory("--out", directory.path());
    try (RunLock _ = directory.lock()) {
      if (!resume) {
        // Again, now that no other process can start a run here.
        directory.checkFree(OCCUPIED);
      }
      if (resume && Files.exists(directory.manifest())) {
        manifest.after(Files.readString(directory.manifest()));
      }
      directory.checkpoints().makeDirectory();
      Checkpoint from = goesOn ? newest() : null;
      if (goesOn && shares.isEmpty() && !device.helpers().isEmpty()) {
        List<Integer> before = new ArrayList<>();
        earlier.at("/device/shares").forEach(share -> before.add(share.asInt()));
        shares = before;
      }
      announce(device, memory);
      warn(from == null ? null : otherLength(earlier, from));
      return run(device, profile, from, out);
    }
  }

  /** The checkpoint to continue from, checked before a device is opened. */
  private Checkpoint newest() throws IOException {
    Checkpoints.Newest newest = directory.checkpoints().newest();
    if (!newest.damaged().isEmpty()) {
      err.println(
          "warning: %s; going on from %s, which is whole"
              .formatted(
                  String.join("; ", newest.damaged()), newest.checkpoint().path().getFileName()));
    }
    newest.checkpoint().check(config, dataset);
    return newest.checkpoint();
  }

  /** What another number of steps changes for a run that goes on, in one line; null for nothing. */
  private String otherLength(JsonNode earlier, Checkpoint from) {
    int before = earlier.at("/configuration/steps").asInt(config.steps());
    LearningRateSchedule.Kind kind = config.optimization().lrSchedule();
    boolean follows =
        kind != LearningRateSchedule.Kind.CONSTANT
            && kind != LearningRateSchedule.Kind.CONSTANT_WITH_WARMUP;
    return before == config.steps() || !follows
        ? null
        : ("the run was to have %d steps and now has %d: its learning rate (%s) was made for %d"
                + " steps up to step %d and is made for %d from there on, so the model is not that"
                + " of a run of %d steps")
            .formatted(
                before,
                config.steps(),
                kind.id(),
                before,
                from.step(),
                config.steps(),
                config.steps());
  }

  private void warn(String length) {
    List<String> warnings = Stream.concat(unusual.stream(), Stream.ofNullable(length)).toList();
    warnings.forEach(warning -> err.println("warning: " + Messages.line(warning)));
    if (!warnings.isEmpty()) {
      manifest.put("warnings", warnings);
    }
    if (ignored != null) {
      ignored.say(err);
      manifest.ignored(ignored);
    }
  }

  private int run(DeviceOptions device, ProfileOptions profile, Checkpoint from, PrintWriter out)
      throws IOException {
    return Together.run(
        processes.communicator(), err, this::remedy, () -> compute(device, profile, from, out));
  }

  private int compute(
      DeviceOptions device, ProfileOptions profile, Checkpoint from, PrintWriter out)
      throws IOException {
    long start = System.nanoTime();
    int before;
    SequencedMap<String, HostTensor> trained;
    LossCurve curve;
    try (Engine engine = profile.measured(device.open(profile.wanted(), err));
        Processes.Helpers helpers = new Processes.Helpers(device.openHelpers(err), shares)) {
      Processes all = processes.with(helpers);
      DivergenceException divergence;
      try (Trainer trainer =
          from != null
              ? Trainer.resume(engine, config, dataset, from, program, all)
              : new Trainer(engine, config, dataset, program, all)) {
        before = trainer.step();
        describe(device, engine, trainer.shares());
        AtomicFiles.write(directory.manifest(), manifest.json());
        loop = new TrainingLoop(trainer, config, directory, from, checkpoints, interruption, err);
        loop.pictures(plan, file -> pictures.draw(engine, trainer.parameters(), file));
        curve = trainer.curve();
        divergence = train(curve);
        communicated(trainer.communication(), trainer.step() - before, profile);
        if (divergence == null && trainer.step() < config.steps()) {
          return stopped("stopped after step " + trainer.step(), curve);
        }
        trained = trainer.parameters();
      }
      if (divergence != null) {
        throw explained(engine, divergence);
      }
      config.write(directory.path(), trained);
      if (labels != null) {
        labels.write(directory.path());
      }
      drawCurve(curve);
      if (!pictures.drawLast(engine, trained, directory.samples())) {
        return stopped("stopped before the samples were drawn, the model is there", curve);
      }
    }
    writeManifest("finished", curve);
    report(curve, before, System.nanoTime() - start, out);
    profile.report(device.device, out);
    return 0;
  }

  /** Keeps what the processes cost each other. */
  private void communicated(Trainer.Communication all, int steps, ProfileOptions profile) {
    if (processes.communicator().size() > 1 && steps > 0) {
      communication =
          new Profile.Communication(all.nanos() * 1e-6 / steps, all.waiting() * 1e-6 / steps);
      profile.profile().communication(communication);
    }
  }

  /** Trains; returns why the loss is no longer a number, or null. */
  private DivergenceException train(LossCurve curve) throws IOException {
    try {
      loop.run();
      return null;
    } catch (DivergenceException e) {
      writeManifest("diverged", curve);
      return e;
    } finally {
      spikes = loop.spikes();
    }
  }

  /** Finds the operation, once the memory of the training is freed. */
  private IllegalStateException explained(Engine engine, DivergenceException divergence)
      throws IOException {
    Checkpoint last = loop.last();
    int from = last == null ? 0 : last.step();
    err.println(
        "%s; repeating the steps after %d to find the operation that made it"
            .formatted(divergence.getMessage(), from));
    String where;
    try (Progress progress = Progress.on(err, "repeat", from, divergence.step())) {
      where =
          Trainer.findNonFinite(
              engine,
              config,
              dataset,
              last,
              divergence.step(),
              row -> progress.update(row.step(), ""));
    }
    return new IllegalStateException(
        "%s: %s; %s; begin anew with a lower --lr, a longer --warmup, --max-grad-norm 1 or another"
                .formatted(divergence.getMessage(), where, loop.lastInWords())
            + " --seed");
  }

  private int stopped(String where, LossCurve curve) throws IOException {
    writeManifest("interrupted", curve);
    err.println(where + "; " + TrainingLoop.resumeCommand(config, directory));
    // After a signal the exit code is that of the JVM. A run that ended in time has not failed.
    return 0;
  }

  /** What there is to do when a process is lost. */
  private String remedy() {
    return loop == null || loop.last() == null
        ? "there is no checkpoint yet"
        : loop.lastInWords() + ": " + TrainingLoop.resumeCommand(config, directory);
  }

  private MemoryNeed checkMemory(int helpers) {
    // All parameters, two moments and the average of those that are trained are copied to the host
    // when the state is saved.
    program = Trainer.program(config, processes);
    long host = config.parameterCount() + 3 * config.trainedCount() + config.hostFloats();
    host += (long) helpers * program.floats();
    MemoryNeed need = new MemoryNeed(program.floats(), host);
    need.check("--batch or --image-size");
    pictures.checkMemory();
    long both = host + pictures.floatsWhileTraining();
    new MemoryNeed(program.floats(), both).check("--batch or --samples, or leave --sample-every");
    return need;
  }

  /** The model and the checkpoints, the newest of which is written before the oldest is removed. */
  private long bytesOnDisk() throws IOException {
    long parameters = Float.BYTES * config.parameterCount();
    long trained = Float.BYTES * config.trainedCount();
    long state = (config.optimization().emaDecay() > 0 ? 4 : 3) * trained;
    int there = directory.checkpoints().all().size();
    int more = Math.max(1, checkpoints.limit + 1 - there);
    return parameters + more * state + OTHER_FILES;
  }

  private void announce(DeviceOptions device, MemoryNeed need) {
    first.accept(err);
    err.println(
        String.format(
            Locale.ROOT,
            "%s: %,d parameters, %,d images of %s (%s), %d steps of %d images on %s; needs %,d MiB"
                + " of the %,d MiB that are there",
            config.preset(),
            config.parameterCount(),
            dataset.size(),
            dataset.name(),
            ImageOptions.describe(dataset),
            config.steps(),
            config.imagesPerStep(),
            on(device),
            need.mib(),
            MemoryNeed.availableMib()));
    Path csv = directory.lossCsv();
    err.println(
        plan.images() > 0 && plan.every() != null
            ? "look at %s every %d steps, and at %s"
                .formatted(directory.samplesAt("STEP"), plan.every(), csv)
            : "look at %s while it trains; --sample-every N also draws samples-STEP.png there"
                .formatted(csv));
    if (config.firstTimestep() > 0) {
      err.println(
          "the model embeds the logarithms of timesteps (time_embedding_type fourier): it is"
              + " trained"
              + " on those from %d on".formatted(config.firstTimestep()));
    }
  }

  private String on(DeviceOptions device) {
    int size = processes.communicator().size();
    return size == 1
        ? device.describe()
        : "%d processes, each on %s".formatted(size, device.describe());
  }

  private void drawCurve(LossCurve curve) throws IOException {
    String data = dataset.name().substring(dataset.name().lastIndexOf('/') + 1);
    String what = data.equals(config.preset()) ? data : config.preset() + " on " + data;
    String title = what + ", " + config.describe() + ", seed " + config.seed();
    BufferedImage picture;
    try {
      picture = new SmoothedLoss(curve.rows()).chart(title, config.trainTimesteps()).image();
    } catch (IOException | RuntimeException e) {
      // AWT throws many types of exceptions if fonts are broken; a picture must not let a
      // finished run fail.
      err.println("warning: no loss.png, loss.csv has the numbers: " + e.getMessage());
      return;
    }
    PngFiles.write(directory.lossPlot(), picture, Map.of("Title", title));
  }

  private void writeManifest(String status, LossCurve curve) throws IOException {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("steps", curve.rows().size());
    if (!curve.rows().isEmpty()) {
      result.put("loss_last_100_steps", curve.meanLoss(100));
      result.put("first_loss", curve.rows().getFirst().loss());
    }
    if (communication != null) {
      result.put("communication_ms_per_step", communication.millis());
      result.put("communication_waiting_ms_per_step", communication.waiting());
    }
    if (!spikes.isEmpty()) {
      result.put(
          "loss_spikes",
          spikes.stream().map(s -> Map.of("step", s.step(), "loss", s.loss())).toList());
    }
    manifest.put("result", result);
    AtomicFiles.write(directory.manifest(), manifest.ended(status).json());
  }

  private void describe(DeviceOptions device, Engine engine, List<Integer> shared) {
    Map<String, Object> on = Devices.named(device.device);
    on.put("kernels", engine.variants().id());
    on.put("conv", device.conv);
    if (device.isJvm()) {
      on.put("threads", device.threads());
    }
    if (!device.helpers().isEmpty()) {
      on.put("helpers", device.helpers());
      on.put("shares", shared);
      err.println(
          "shards of a step: %d on %s, %s"
              .formatted(
                  shared.getFirst(),
                  device.device,
                  IntStream.range(1, shared.size())
                      .mapToObj(i -> shared.get(i) + " on " + device.helpers().get(i - 1))
                      .collect(Collectors.joining(", "))));
    }
    if (processes.communicator().size() > 1) {
      on.put("processes", processes.communicator().size());
      on.put("shard_optimizer", processes.shardOptimizer());
    }
    manifest.put("device", on);
    manifest.put("seed", config.seed());
    Map<String, Object> configuration = new LinkedHashMap<>(config.toMap());
    // The network has a field of its own.
    Object network = configuration.remove("unet");
    manifest.put("configuration", configuration);
    manifest.put("unet", Json.tree(network.toString()));
    manifest.put("parameters", config.parameterCount());
    manifest.data(dataset);
  }

  private void report(LossCurve curve, int before, long nanos, PrintWriter out) {
    String path = directory.path().toString();
    out.println(
        String.format(
            Locale.ROOT,
            "trained    %d steps%s in %s, loss %.4f (mean of the last 100)",
            curve.rows().size(),
            before > 0 ? ", %d of them before,".formatted(before) : "",
            Progress.duration(nanos),
            curve.meanLoss(100)));
    out.println("model      " + path + " (" + config.files() + ")");
    if (plan.images() > 0) {
      out.println("samples    " + directory.samples());
    }
    out.println("loss       " + directory.lossPlot() + ", " + directory.lossCsv());
    out.println("manifest   " + directory.manifest());
    String sample = config.sampleCommand(Shell.quoted(path));
    if (sample != null) {
      out.println("Sample more images with:");
      out.println(Shell.program() + " " + sample + " --out more.png");
    }
    out.flush();
  }
}
