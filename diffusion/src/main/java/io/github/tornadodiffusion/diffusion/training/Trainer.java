package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Denoising;
import io.github.tornadodiffusion.nn.training.EmaDecay;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.SharedTraining;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Trains, for instance a UNet to predict the noise of noisy images (Ho et al. 2020, algorithm 1),
 * and, with a learned variance, the variance of a step, too.
 *
 * <p>A step depends on the configuration and its own number alone: images, timesteps and noise come
 * from counters. So a run gives the same parameters bit for bit however often it is repeated,
 * stopped and resumed, and with any number of threads.
 */
public final class Trainer implements AutoCloseable {
  private final TrainingTask config;
  private final Dataset dataset;
  private final DrawsAhead draws;
  private final Training training;
  private final Processes processes;

  /** How the step is shared out; null for one that is one program. */
  private final SharedTraining shared;

  private final DDPMScheduler scheduler;
  private final LearningRateSchedule learningRates;
  private final EmaDecay emaDecay;
  private LossCurve curve = new LossCurve();
  private int step;

  /** Is told of every step. */
  @FunctionalInterface
  public interface Listener {
    /** Called after every step, on the training thread. */
    void stepDone(LossCurve.Row row);
  }

  /** What one process asks of all. */
  private static final int END = 0;

  private static final int STEP = 1;
  private static final int STATE = 2;
  private static final int MODEL = 3;

  /** How often the parameters of all processes are compared, in steps. */
  private static final int COMPARED = 100;

  /**
   * Prepares a run of this process alone from new parameters, or from those of its base model.
   *
   * @throws IllegalArgumentException in one line if the data does not fit the model
   */
  public Trainer(Engine engine, TrainingTask config, Dataset dataset) {
    this(engine, config, dataset, program(config, Processes.ALONE), Processes.ALONE);
  }

  /**
   * Prepares a run from new parameters, or from those of its base model.
   *
   * @param program of the run, see {@link #program}
   * @param processes that train together: all of them come here, then process 0 trains and the
   *     others {@link #serve}
   * @throws IllegalArgumentException in one line if the data does not fit the model
   */
  public Trainer(
      Engine engine,
      TrainingTask config,
      Dataset dataset,
      RecordedProgram<Training> program,
      Processes processes) {
    this(engine, config, dataset, program, processes, null);
  }

  private Trainer(
      Engine engine,
      TrainingTask config,
      Dataset dataset,
      RecordedProgram<Training> program,
      Processes processes,
      TrainingState state) {
    config.checkData(dataset);
    this.config = config;
    this.dataset = dataset;
    this.processes = processes;
    List<Dataset> prepared = config.prepare(engine, dataset);
    draws = new DrawsAhead(TrainingDraws.of(config, prepared), config.steps(), this::isOwn);
    scheduler = config.scheduler();
    learningRates = config.learningRates();
    emaDecay = config.emaDecays();
    training = program.open(engine, config.initialParameters(draws));
    shared = isShared(config, processes) ? shared(prepared) : null;
    begin(state);
  }

  private void begin(TrainingState state) {
    if (state != null) {
      step = state.step();
      curve = state.curve();
    }
    if (shared != null) {
      step = processes.communicator().broadcast(step);
      shared.begin(
          state == null
              ? null
              : new SharedTraining.State(
                  whole(state.parameters()), state.moments(), whole(state.ema())));
    } else if (state != null) {
      training.setState(whole(state.parameters()), state.moments(), whole(state.ema()));
    }
    if (step > 0) {
      draws.skipTo(step);
    }
  }

  /** With the parameters that are not trained, which no checkpoint has. */
  private Map<String, HostTensor> whole(SequencedMap<String, HostTensor> trained) {
    if (trained == null || config.trainable().equals(Trainable.ALL)) {
      return trained;
    }
    Map<String, HostTensor> all = new LinkedHashMap<>(training.parameters());
    all.putAll(trained);
    return all;
  }

  /** Without those. */
  private SequencedMap<String, HostTensor> trained(SequencedMap<String, HostTensor> all) {
    if (!config.trainable().equals(Trainable.ALL)) {
      config.objective().parameters().specs().stream()
          .filter(spec -> !config.trainable().trains(spec))
          .forEach(spec -> all.remove(spec.name()));
    }
    return all;
  }

  private SharedTraining shared(List<Dataset> prepared) {
    List<Training> devices = new ArrayList<>(List.of(training));
    if (!processes.helpers().engines().isEmpty()) {
      RecordedProgram<Training> program =
          program(config, SharedTraining.helping(processes.communicator()), false);
      Map<String, HostTensor> parameters = training.parameters();
      processes
          .helpers()
          .engines()
          .forEach(helper -> devices.add(program.open(helper, parameters)));
    }
    int shards = config.variant().shards();
    int own = shards / processes.communicator().size();
    int[] shares = processes.helpers().shares().stream().mapToInt(Integer::intValue).toArray();
    if (shares.length == 0) {
      shares = new int[] {own};
      if (devices.size() > 1) {
        // Any call will do.
        TrainingDraws.Draw draw = TrainingDraws.of(config, prepared).draw(0, 0);
        shares =
            SharedTraining.shares(
                SharedTraining.seconds(devices, input(draw, weights(draw), false)), own);
      }
    }
    return new SharedTraining(devices, shares, processes.communicator(), shards);
  }

  /**
   * What the processes have cost each other so far.
   *
   * @param nanos in which this one sent and received
   * @param waiting those of them in which it had nothing to compute
   */
  public record Communication(long nanos, long waiting) {}

  /** What this process has spent on the others; zero where there are none. */
  public Communication communication() {
    return shared == null
        ? new Communication(0, 0)
        : new Communication(shared.communicationNanos(), shared.waitingNanos());
  }

  /** How many shards of a step each device of this process computes. */
  public List<Integer> shares() {
    return shared == null ? List.of() : shared.shares();
  }

  private static boolean isShared(TrainingTask config, Processes processes) {
    return config.variant().shards() > 1 || processes.communicator().size() > 1;
  }

  /** Whether this process computes a part of a step. */
  private boolean isOwn(int part) {
    int own = config.variant().shards() / processes.communicator().size();
    return part % config.variant().shards() / own == processes.communicator().rank();
  }

  /**
   * The program that a run repeats, which knows how much memory it needs.
   *
   * @throws IllegalArgumentException in one line if the processes cannot share the shards
   */
  public static RecordedProgram<Training> program(TrainingTask config, Processes processes) {
    SharedTraining.check(config.variant().shards(), processes.communicator().size());
    return program(
        config,
        isShared(config, processes)
            ? SharedTraining.share(processes.communicator(), processes.shardOptimizer())
            : null,
        config.optimization().emaDecay() > 0);
  }

  private static RecordedProgram<Training> program(
      TrainingTask config, Training.Share share, boolean ema) {
    return Training.record(
        config.objective(),
        config.shape(),
        new Training.Options(
            config.optimization().adamW(config.optimization().learningRate()),
            config.trainable(),
            ema,
            config.variant().accumulate() > 1,
            share));
  }

  /**
   * Prepares to continue a run of this process alone from a checkpoint.
   *
   * @throws IOException in one line if it is damaged
   * @throws IllegalArgumentException in one line if it is of a run with other settings
   */
  public static Trainer resume(
      Engine engine, TrainingTask config, Dataset dataset, Checkpoints.Checkpoint checkpoint)
      throws IOException {
    RecordedProgram<Training> program = program(config, Processes.ALONE);
    return resume(engine, config, dataset, checkpoint, program, Processes.ALONE);
  }

  /**
   * Prepares to continue a run from a checkpoint, which only process 0 of those that train together
   * reads: the others begin as if the run were new, and are given its state.
   *
   * @param program of the run, see {@link #program}
   * @throws IOException in one line if it is damaged
   * @throws IllegalArgumentException in one line if it is of a run with other settings
   */
  public static Trainer resume(
      Engine engine,
      TrainingTask config,
      Dataset dataset,
      Checkpoints.Checkpoint checkpoint,
      RecordedProgram<Training> program,
      Processes processes)
      throws IOException {
    checkpoint.check(config, dataset);
    TrainingState state = TrainingState.read(checkpoint.path());
    return new Trainer(engine, config, dataset, program, processes, state);
  }

  /**
   * Does what process 0 asks for, until it ends the training.
   *
   * @param listener is told of the steps
   */
  public void serve(Listener listener) {
    while (true) {
      switch (processes.communicator().broadcast(END)) {
        case STEP -> {
          try {
            listener.stepDone(trainStep());
          } catch (DivergenceException _) {
            // Process 0 says so.
          }
        }
        case STATE -> {
          var _ = state();
        }
        case MODEL -> {
          if (emaDecay != null) {
            var _ = ema();
          }
        }
        default -> {
          return;
        }
      }
    }
  }

  private void ask(int what) {
    if (shared != null && processes.communicator().leads()) {
      int _ = processes.communicator().broadcast(what);
    }
  }

  /** Steps done so far, including those of earlier runs. */
  public int step() {
    return step;
  }

  /** All steps so far, including those of earlier runs. */
  public LossCurve curve() {
    return curve;
  }

  /**
   * Trains to the configured number of steps.
   *
   * @throws DivergenceException in one line if the loss or a gradient is no longer a number; the
   *     parameters are useless then
   */
  public void run(Listener listener) {
    runTo(config.steps(), listener);
  }

  /**
   * Trains until the given number of steps is done, at most the configured one.
   *
   * @throws DivergenceException in one line if the loss or a gradient is no longer a number; the
   *     parameters are useless then
   */
  public void runTo(int steps, Listener listener) {
    while (step < Math.min(steps, config.steps())) {
      ask(STEP);
      LossCurve.Row row = trainStep();
      curve.add(row);
      listener.stepDone(row);
    }
  }

  /**
   * Says which operation made the first NaN or infinity of a step, and in which tensor: the run is
   * repeated up to the step before, which gives the same numbers again.
   *
   * @param from the checkpoint to repeat it from; null for the start
   * @param step that diverged, see {@link DivergenceException#step}
   * @param listener is told of the steps that are repeated
   * @throws IOException in one line if the checkpoint is damaged
   */
  public static String findNonFinite(
      Engine engine,
      TrainingTask config,
      Dataset dataset,
      Checkpoints.Checkpoint from,
      int step,
      Listener listener)
      throws IOException {
    try (Trainer trainer =
        from == null
            ? new Trainer(engine, config, dataset)
            : resume(engine, config, dataset, from)) {
      trainer.runTo(step - 1, listener);
      return trainer.training.findNonFinite(trainer.nextInputs());
    }
  }

  private List<Training.StepInput> nextInputs() {
    List<Training.StepInput> inputs = new ArrayList<>();
    int parts = draws.parts(step);
    for (int part = 0; part < parts; part++) {
      TrainingDraws.Draw draw = draws.draw(step, part);
      inputs.add(input(draw, weights(draw), part == parts - 1));
    }
    return inputs;
  }

  private LossCurve.Row trainStep() {
    final long start = System.nanoTime();
    List<CallLosses> calls = new ArrayList<>();
    float gradNorm = shared == null ? ownStep(calls) : sharedStep(calls);
    TimestepLosses losses = new TimestepLosses(config.trainTimesteps());
    double loss = 0;
    double bound = 0;
    int images = 0;
    for (CallLosses call : calls) {
      for (int i = 0; i < call.images(); i++) {
        losses.add(call.timesteps()[i], call.losses()[i]);
        loss += (double) call.weights()[i] * call.losses()[i] / call.weights().length;
        bound += learnsVariance() ? call.bounds()[i] : Double.NaN;
      }
      images += call.images();
    }
    boolean finite = Double.isFinite(loss) && (!learnsVariance() || Double.isFinite(bound));
    if (!finite || !Float.isFinite(gradNorm)) {
      throw new DivergenceException(step + 1, loss, gradNorm);
    }
    step++;
    if (shared != null && (step % COMPARED == 1 || step == config.steps())) {
      shared.checkEqual();
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new LossCurve.Row(
        step,
        draws.epoch(step - 1) + 1,
        loss,
        losses.quartiles(),
        gradNorm,
        learningRates.at(step - 1),
        images / seconds,
        config.trainTimesteps() * bound / images);
  }

  /** Runs a step that is one program; returns the norm of the gradients. */
  private float ownStep(List<CallLosses> calls) {
    int parts = draws.parts(step);
    float gradNorm = 0;
    for (int part = 0; part < parts; part++) {
      TrainingDraws.Draw draw = draws.draw(step, part);
      float[] weights = weights(draw);
      Training.StepResult result = training.step(input(draw, weights, part == parts - 1));
      calls.add(losses(part, draw, weights, result.losses()));
      gradNorm = result.gradNorm();
    }
    return gradNorm;
  }

  /** Runs a step together with the others; returns the norm of the gradients. */
  private float sharedStep(List<CallLosses> calls) {
    record Call(int part, TrainingDraws.Draw draw, float[] weights) {}

    List<List<Call>> drawn = new ArrayList<>();
    for (int shard = 0; shard < shared.ownShards(); shard++) {
      drawn.add(new ArrayList<>());
    }
    for (int part = 0; part < draws.parts(step); part++) {
      if (isOwn(part)) {
        TrainingDraws.Draw draw = draws.draw(step, part);
        int shard = part % config.variant().shards() - shared.firstShard();
        drawn.get(shard).add(new Call(part, draw, weights(draw)));
      }
    }
    SharedTraining.Result result =
        shared.step(
            drawn.stream()
                .map(shard ->
                    shard.stream().map(call -> input(call.draw, call.weights, false)).toList())
                .toList(),
            update());
    List<Call> flat = drawn.stream().flatMap(List::stream).toList();
    List<CallLosses> own = new ArrayList<>();
    for (int i = 0; i < flat.size(); i++) {
      Call call = flat.get(i);
      own.add(losses(call.part, call.draw, call.weights, result.losses().get(i)));
    }
    calls.addAll(CallLosses.ofAll(processes.communicator(), own));
    return result.gradNorm();
  }

  private CallLosses losses(
      int part, TrainingDraws.Draw draw, float[] weights, SequencedMap<String, float[]> losses) {
    return new CallLosses(
        part,
        draw.images(),
        draw.timesteps(),
        weights,
        losses.firstEntry().getValue(),
        learnsVariance() ? losses.get(Denoising.BOUND) : null);
  }

  private boolean learnsVariance() {
    return config.variant().learnsVariance();
  }

  /**
   * The weights of the losses, such that their sum over an update is the mean over its batches of
   * the weighted mean over the images that count.
   */
  private float[] weights(TrainingDraws.Draw draw) {
    float[] weights = new float[draw.timesteps().length];
    double share = draw.share(config.variant().accumulate());
    for (int i = 0; i < draw.images(); i++) {
      weights[i] = (float) (share * config.weight(scheduler.noiseSchedule(), draw, i));
    }
    return weights;
  }

  private Training.StepInput input(TrainingDraws.Draw draw, float[] weights, boolean update) {
    return new Training.StepInput(
        config.values(scheduler.noiseSchedule(), draw, weights),
        draw.counter(),
        update ? update() : null);
  }

  private OptimizerStep update() {
    return new OptimizerStep(
        config.optimization().adamW(learningRates.at(step)),
        step + 1,
        (float) config.optimization().maxGradNorm(),
        emaDecay == null ? 0 : (float) emaDecay.at(step + 1));
  }

  /** The parameters so far: their moving average where the run has one. */
  public SequencedMap<String, HostTensor> parameters() {
    ask(MODEL);
    return emaDecay == null ? training.parameters() : ema();
  }

  private SequencedMap<String, HostTensor> ema() {
    return shared == null ? training.emaParameters() : shared.emaParameters();
  }

  private SequencedMap<String, HostTensor> moments(String name) {
    return shared == null ? training.optimizerState(name) : shared.optimizerState(name);
  }

  /**
   * Writes what {@link #resume} needs.
   *
   * @param limit how many checkpoints remain, this one included
   * @throws IOException in one line if it cannot be written; earlier ones stay whole
   */
  public Checkpoints.Checkpoint save(Checkpoints checkpoints, int limit) throws IOException {
    ask(STATE);
    return checkpoints.write(state(), limit);
  }

  private TrainingState state() {
    return new TrainingState(
        step,
        TrainingState.settings(config, dataset),
        trained(training.parameters()),
        moments(AdamW.FIRST_MOMENTS),
        moments(AdamW.SECOND_MOMENTS),
        emaDecay == null ? null : trained(ema()),
        curve);
  }

  /** Nanoseconds that this process has spent on communication, and on waiting for the others. */
  public long communicationNanos() {
    return shared == null ? 0 : shared.communicationNanos();
  }

  @Override
  public void close() {
    draws.close();
    training.close();
    ask(END);
  }
}
