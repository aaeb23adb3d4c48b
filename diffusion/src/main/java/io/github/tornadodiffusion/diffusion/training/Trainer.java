package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Denoising;
import io.github.tornadodiffusion.nn.training.EmaDecay;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.SharedTraining;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;

/**
 * Trains a UNet to predict the noise of noisy images (Ho et al. 2020, algorithm 1), and, with a
 * learned variance, the variance of a step, too.
 *
 * <p>A step depends on the configuration and its own number alone: images, timesteps and noise come
 * from counters. So a run gives the same parameters bit for bit however often it is repeated,
 * stopped and resumed, and with any number of threads.
 */
public final class Trainer implements AutoCloseable {
  private final TrainingConfig config;
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
  public Trainer(Engine engine, TrainingConfig config, Dataset dataset) {
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
      TrainingConfig config,
      Dataset dataset,
      RecordedProgram<Training> program,
      Processes processes) {
    this(engine, config, dataset, program, processes, null);
  }

  private Trainer(
      Engine engine,
      TrainingConfig config,
      Dataset dataset,
      RecordedProgram<Training> program,
      Processes processes,
      TrainingState state) {
    checkData(config, dataset);
    this.config = config;
    this.dataset = dataset;
    this.processes = processes;
    draws = new DrawsAhead(TrainingDraws.of(config, dataset), config.steps(), this::isOwn);
    scheduler = config.scheduler();
    learningRates = config.learningRates();
    emaDecay = config.emaDecays();
    DiffusionModel base = config.variant().base();
    training = program.open(engine, base == null ? draws.initialParameters() : base.parameters());
    shared =
        isShared(config, processes)
            ? new SharedTraining(training, processes.communicator(), config.variant().shards())
            : null;
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
              : new SharedTraining.State(state.parameters(), state.moments(), state.ema()));
    } else if (state != null) {
      training.setState(state.parameters(), state.moments(), state.ema());
    }
    if (step > 0) {
      draws.skipTo(step);
    }
  }

  private static boolean isShared(TrainingConfig config, Processes processes) {
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
  public static RecordedProgram<Training> program(TrainingConfig config, Processes processes) {
    int size = config.imageSize();
    SharedTraining.check(config.variant().shards(), processes.communicator().size());
    return Training.record(
        new Denoising(new UNet2DModel(config.unet()), config.variant().rng() == Rng.TORCH),
        new BatchShape(config.shardBatch(), size, size),
        new Training.Options(
            config.optimization().adamW(config.optimization().learningRate()),
            Trainable.ALL,
            config.optimization().emaDecay() > 0,
            config.variant().accumulate() > 1,
            isShared(config, processes)
                ? SharedTraining.part(processes.communicator(), processes.shardOptimizer())
                : null));
  }

  /** The values of images, and of noise where the host draws it, that are in memory at once. */
  public static long hostFloats(TrainingConfig config) {
    long size = config.imageSize();
    long batch = size * size * config.shardBatch() * config.unet().inChannels();
    boolean noise = config.variant().rng() == Rng.TORCH;
    // Those that wait, and the one in use.
    return (noise ? 2 * batch : batch) * (DrawsAhead.AHEAD + 1);
  }

  /**
   * Prepares to continue a run of this process alone from a checkpoint.
   *
   * @throws IOException in one line if it is damaged
   * @throws IllegalArgumentException in one line if it is of a run with other settings
   */
  public static Trainer resume(
      Engine engine, TrainingConfig config, Dataset dataset, Checkpoints.Checkpoint checkpoint)
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
      TrainingConfig config,
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

  private static void checkData(TrainingConfig config, Dataset dataset) {
    if (dataset.channels() != config.unet().inChannels()) {
      throw new IllegalArgumentException(
          "The images of %s have %d channels, the model %d: choose another data set or preset"
              .formatted(dataset.name(), dataset.channels(), config.unet().inChannels()));
    }
    if (dataset.imageSize() != config.imageSize()) {
      throw new IllegalArgumentException(
          "The images of %s are %d pixels wide, the model's %d: open the data at the model's size"
              .formatted(dataset.name(), dataset.imageSize(), config.imageSize()));
    }
    Integer classes = config.unet().numClassEmbeds();
    if (classes != null) {
      int known = config.variant().labelDropout() > 0 ? classes - 1 : classes;
      if (dataset.classes() < 1 || dataset.classes() > known) {
        throw new IllegalArgumentException(
            "The data set %s has %d classes, the model %d: choose another data set or model"
                .formatted(dataset.name(), dataset.classes(), known));
      }
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
      TrainingConfig config,
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
    double share = share(draw);
    for (int i = 0; i < draw.images(); i++) {
      double signal = scheduler.noiseSchedule().signal(draw.timesteps()[i]);
      double sigma = scheduler.noiseSchedule().sigma(draw.timesteps()[i]);
      double weight = config.variant().lossWeight().at(config.prediction(), signal, sigma);
      weights[i] = (float) (share * weight);
    }
    return weights;
  }

  /** The weight of an image before {@link LossWeight} is applied. */
  private double share(TrainingDraws.Draw draw) {
    double images = draw.of();
    return draw.timesteps().length / images / config.variant().accumulate();
  }

  /**
   * The inputs of the bound, in which all images have the same weight; null for a fixed variance.
   */
  private Denoising.Variance variance(TrainingDraws.Draw draw) {
    if (!learnsVariance()) {
      return null;
    }
    int count = draw.timesteps().length;
    float[] ranges = new float[count];
    float[] scales = new float[count];
    float[] halfBins = new float[count];
    float[] weights = new float[count];
    // The mean of the terms is an estimate of the bound's Tth part.
    double weight = share(draw) * BoundTerm.WEIGHT * config.trainTimesteps();
    for (int i = 0; i < count; i++) {
      BoundTerm term =
          BoundTerm.at(scheduler.noiseSchedule(), config.prediction(), draw.timesteps()[i]);
      ranges[i] = (float) term.range();
      scales[i] = (float) term.scale();
      halfBins[i] = (float) term.halfBin();
      weights[i] = i < draw.images() ? (float) weight : 0;
    }
    return new Denoising.Variance(ranges, scales, halfBins, weights);
  }

  private Training.StepInput input(TrainingDraws.Draw draw, float[] weights, boolean update) {
    int count = weights.length;
    float[] times = new float[count];
    float[] targetNoise = new float[count];
    float[] targetSample = new float[count];
    for (int i = 0; i < count; i++) {
      int timestep = draw.timesteps()[i];
      double signal = scheduler.noiseSchedule().signal(timestep);
      double sigma = scheduler.noiseSchedule().sigma(timestep);
      times[i] = timestep;
      targetNoise[i] = (float) config.prediction().targetNoise(signal);
      targetSample[i] = (float) config.prediction().targetSample(sigma);
    }
    Denoising.Batch batch =
        new Denoising.Batch(
            draw.batch().images(),
            times,
            draw.labels(),
            scheduler.noiseSchedule().signals(draw.timesteps()),
            scheduler.noiseSchedule().sigmas(draw.timesteps()),
            targetNoise,
            targetSample,
            draw.noise(),
            weights,
            variance(draw));
    return new Training.StepInput(batch.values(), draw.counter(), update ? update() : null);
  }

  private OptimizerStep update() {
    return new OptimizerStep(
        config.optimization().adamW(learningRates.at(step)),
        step + 1,
        (float) config.optimization().maxGradNorm(),
        emaDecay == null ? 0 : (float) emaDecay.at(step + 1));
  }

  /** The model so far: the moving average of the parameters where the run has one. */
  public DiffusionModel model() {
    ask(MODEL);
    return new DiffusionModel(
        scheduler, config.unet(), emaDecay == null ? training.parameters() : ema());
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
        training.parameters(),
        moments(AdamW.FIRST_MOMENTS),
        moments(AdamW.SECOND_MOMENTS),
        emaDecay == null ? null : ema(),
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
