package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.TrainingTask;
import io.github.tornadodiffusion.experiments.cli.Deadline;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Manifest;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.experiments.profile.ProfileOptions;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/**
 * A command that trains: a run from its options to its last file, see {@link TrainingRun}. What is
 * trained is told by the command that extends it.
 */
abstract class TrainingCommand implements Callable<Integer> {
  private static final String SHARD_OPTIMIZER = "--shard-optimizer";
  private static final String DEVICE_SHARES = "--device-shares";
  private static final String STALL_LIMIT = "--stall-limit";
  private static final String ONE_PROCESS =
      "there is one process; leave it out, or start several with mpirun or srun";

  @Spec CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory for the results, new or empty (default: runs/PRESET-TIME).")
  Path out;

  @Option(
      names = "--resume",
      description =
          "Go on with the run in --out: it needs no other option, and those that are given must fit"
              + " those that it began with.")
  boolean resume;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "64",
      description =
          "Images of the picture at the end, 0 for no picture (default: ${DEFAULT-VALUE}).")
  int samples;

  @Option(
      names = "--sample-every",
      paramLabel = "N",
      description = "Also draw such a picture every N steps, samples-STEP.png in --out.")
  Integer sampleEvery;

  @Option(
      names = "--sample-steps",
      paramLabel = "N",
      defaultValue = "100",
      description = "DDIM steps to each of them (default: ${DEFAULT-VALUE}).")
  int sampleSteps;

  @Option(
      names = SHARD_OPTIMIZER,
      description =
          "Spread AdamW's moments and the moving average over the processes; the result is the"
              + " same.")
  boolean shardOptimizer;

  @Option(
      names = STALL_LIMIT,
      paramLabel = "SECONDS",
      defaultValue = "600",
      description =
          "Give up when another process has not answered for so long, 0 for never (default:"
              + " ${DEFAULT-VALUE}).")
  long stallLimit;

  @Option(
      names = DEVICE_SHARES,
      paramLabel = "N,N",
      split = ",",
      description =
          "How many of the shards each of several devices computes (default: by measured speed).")
  List<Integer> deviceShares = List.of();

  @Mixin CheckpointOptions checkpoints;

  @Mixin ProfileOptions profile;

  @Mixin DeviceOptions device;

  @Override
  public Integer call() throws IOException {
    device.takeSeveral();
    device.check();
    profile.check();
    checkpoints.check();
    if (resume && out == null) {
      throw new IllegalArgumentException("--resume needs --out DIR, the run to go on with");
    }
    if (samples < 0 || sampleSteps < 1) {
      throw new IllegalArgumentException(
          "--samples is %d and --sample-steps %d; give at least 0 and 1"
              .formatted(samples, sampleSteps));
    }
    if (sampleEvery != null && sampleEvery < 1) {
      throw new IllegalArgumentException(
          "--sample-every is %d; give at least 1".formatted(sampleEvery));
    }
    if (stallLimit < 0) {
      throw new IllegalArgumentException(
          "--stall-limit is %d; give at least 0".formatted(stallLimit));
    }
    Communicator communicator = Mpi.join();
    if (!device.helpers().isEmpty() && communicator.size() > 1) {
      throw new IllegalArgumentException(
          "each of several processes has one device: start one for each, with --device"
              + " opencl:rank");
    }
    List<String> arguments = spec.root().commandLine().getParseResult().originalArgs();
    JsonNode earlier = null;
    if (resume) {
      earlier =
          Json.tree(
              Together.fromLeader(
                  communicator, () -> ResumedArguments.manifest(new RunDirectory(out)).toString()));
      List<String> whole = new ResumedArguments(spec).with(earlier, arguments);
      if (!whole.equals(arguments)) {
        loadPlugins(earlier);
        return spec.root().commandLine().execute(whole.toArray(String[]::new));
      }
    } else if (recipe().shards == null) {
      recipe().shards = communicator.size();
    }
    checkShares();
    return train(communicator, arguments, earlier);
  }

  /** Before anything is read, that devices have shards to share. */
  private void checkShares() {
    int devices = 1 + device.helpers().size();
    int shards = recipe().shards == null ? 1 : recipe().shards;
    if (devices > shards) {
      throw new IllegalArgumentException(
          "%d devices cannot share a step of %d shards: give more, such as --shards 8"
              .formatted(devices, shards));
    }
    boolean fit =
        deviceShares.size() == devices
            && deviceShares.stream().allMatch(share -> share >= 0)
            && deviceShares.stream().mapToInt(Integer::intValue).sum() == shards;
    if (devices > 1 && !deviceShares.isEmpty() && !fit) {
      throw new IllegalArgumentException(
          "--device-shares is %s; give %d numbers whose sum is the %d shards"
              .formatted(deviceShares, devices, shards));
    }
  }

  /** Those that the run began with; the command line's own are loaded. */
  private static void loadPlugins(JsonNode earlier) {
    List<Path> plugins = new ArrayList<>();
    earlier.path("plugins").forEach(plugin -> plugins.add(Path.of(plugin.asString())));
    plugins.removeAll(Plugins.loaded());
    Plugins.load(plugins);
  }

  /**
   * What this process trains with.
   *
   * @param says what was chosen, before anything else
   * @param unusual about the training, one line each
   * @param labels what the labels of the model mean; null for none
   */
  record Prepared(
      TrainingTask task,
      Dataset dataset,
      Consumer<PrintWriter> says,
      List<String> unusual,
      ClassLabels labels) {
    /** What must be the same in all processes. */
    Map<String, Object> facts(DeviceOptions device) {
      Map<String, Object> facts = new TreeMap<>(task.toMap());
      // Where the data lies may differ from machine to machine.
      facts.put("data", dataset.hash());
      facts.putAll(device.facts());
      return facts;
    }
  }

  /** The options of the recipe. */
  abstract RecipeOptions recipe();

  /**
   * Reads what is to be trained, and the data.
   *
   * @throws IOException in one line if something cannot be read
   * @throws IllegalArgumentException in one line naming the option and what is possible
   */
  abstract Prepared prepare() throws IOException;

  /** The pictures that the training draws. */
  abstract TrainingPictures pictures(
      Prepared prepared, PreviewPictures.Plan plan, Interruption interruption, PrintWriter err);

  /** Notes the options of its own that change nothing, given the others. */
  abstract void note(Ineffective ignored, Prepared prepared);

  private int train(Communicator communicator, List<String> arguments, JsonNode earlier)
      throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    Prepared prepared =
        Together.prepare(
            communicator,
            () -> {
              if (communicator.leads() && !resume && out != null) {
                new RunDirectory(out).checkFree(TrainingRun.OCCUPIED);
              }
              return prepare();
            },
            all -> all.facts(device));
    TrainingTask config = prepared.task;
    communicator.patience(Duration.ofSeconds(stallLimit));
    Processes processes = new Processes(communicator, shardOptimizer);
    RunDirectory directory =
        out == null ? RunDirectory.named(config.preset()) : new RunDirectory(out);
    if (!communicator.leads()) {
      return TrainingWorker.serve(config, prepared.dataset, processes, device, err);
    }
    for (String warning : prepared.dataset.warnings()) {
      err.println("warning: " + Messages.line(warning));
    }
    PreviewPictures.Plan plan =
        new PreviewPictures.Plan(
            samples, Math.min(sampleSteps, config.trainTimesteps()), sampleEvery);
    try (Interruption interruption = new Interruption(Deadline.sinceStart(checkpoints.maxTime))) {
      TrainingRun run =
          new TrainingRun(
              config,
              plan,
              pictures(prepared, plan, interruption, err),
              prepared.dataset,
              directory,
              new Manifest(arguments),
              checkpoints,
              processes,
              interruption,
              err);
      run.labels(prepared.labels);
      run.says(prepared.says);
      run.ignoring(ignored(prepared, communicator), prepared.unusual);
      run.shares(deviceShares);
      int code = run.execute(device, profile, resume, earlier, spec.commandLine().getOut());
      // Before the process ends on a signal, which it may once the interruption is closed.
      Mpi.end(code);
      return code;
    }
  }

  private Ineffective ignored(Prepared prepared, Communicator communicator) {
    TrainingTask config = prepared.task;
    Ineffective ignored = device.note(Ineffective.of(spec));
    recipe().note(ignored, config);
    note(ignored, prepared);
    return ignored
        .notePlugins()
        .note(SHARD_OPTIMIZER, communicator.size() == 1, ONE_PROCESS)
        .note(STALL_LIMIT, communicator.size() == 1, ONE_PROCESS)
        .note(
            DEVICE_SHARES,
            device.helpers().isEmpty(),
            "there is one device; leave it out, or give several to --device")
        .note("--sample-steps", samples == 0, "--samples 0 draws no picture; leave it out")
        .note(
            "--sample-steps",
            samples > 0 && sampleSteps > config.trainTimesteps(),
            "the model has %d timesteps, which are the most; give at most as many"
                .formatted(config.trainTimesteps()))
        .note("--sample-every", samples == 0, "--samples 0 draws no picture; leave it out")
        .note(
            "--sample-every",
            samples > 0 && sampleEvery != null && sampleEvery >= config.steps(),
            "the training ends after %d steps; give fewer".formatted(config.steps()));
  }
}
