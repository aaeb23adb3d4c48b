package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.EmaDecay;
import io.github.tornadodiffusion.nn.HostTensor;
import io.github.tornadodiffusion.nn.Initialisation;
import io.github.tornadodiffusion.nn.LearningRateSchedule;
import io.github.tornadodiffusion.nn.UNet2DModel;
import io.github.tornadodiffusion.nn.UNetTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;

/**
 * Trains a UNet to predict the noise of noisy images (Ho et al. 2020, algorithm 1).
 *
 * <p>A step depends on the configuration and its own number alone: images, timesteps and noise come
 * from counters. So a run gives the same parameters bit for bit however often it is repeated,
 * stopped and resumed, and with any number of threads.
 */
public final class Trainer implements AutoCloseable {
  private static final int QUARTILES = 4;

  private final TrainingConfig config;
  private final Dataset dataset;
  private final Batches batches;
  private final UNetTraining training;
  private final DDPMScheduler scheduler;
  private final LearningRateSchedule learningRates;
  private final EmaDecay emaDecay;
  private LossCurve curve = new LossCurve();
  private int step;

  /** Hears of every step. */
  @FunctionalInterface
  public interface Listener {
    /** Called after every step, on the training thread. */
    void stepDone(LossCurve.Row row);
  }

  /**
   * Prepares a run from new parameters.
   *
   * @throws IllegalArgumentException in one line if the data does not fit the model
   */
  public Trainer(Engine engine, TrainingConfig config, Dataset dataset) {
    checkData(config, dataset);
    this.config = config;
    this.dataset = dataset;
    batches = new Batches(dataset, config.batch(), config.randomFlip(), config.seed());
    scheduler = config.scheduler();
    learningRates = config.learningRates();
    emaDecay = config.emaDecay() > 0 ? EmaDecay.of(config.emaDecay()) : null;
    int size = config.imageSize();
    training =
        UNetTraining.open(
            engine,
            config.unet(),
            Initialisation.pytorchDefault(
                new UNet2DModel(config.unet()).parameters(), config.seed()),
            new UNetTraining.Options(config.batch(), size, size, emaDecay != null));
  }

  /**
   * Prepares a run that goes on from the state in a directory.
   *
   * @throws IOException in one line if there is no state or it is damaged
   * @throws IllegalArgumentException in one line if the state is of a run with other settings
   */
  public static Trainer resume(
      Engine engine, TrainingConfig config, Dataset dataset, Path runDirectory) throws IOException {
    TrainingState state = TrainingState.read(runDirectory);
    state.checkSettings(TrainingState.settings(config, dataset));
    Trainer trainer = new Trainer(engine, config, dataset);
    trainer.training.setState(
        state.parameters(), state.firstMoments(), state.secondMoments(), state.ema());
    trainer.step = state.step();
    trainer.curve = state.curve();
    return trainer;
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
    if (classes != null && (dataset.classes() < 1 || dataset.classes() > classes)) {
      throw new IllegalArgumentException(
          "The data set %s has %d classes, the model %d: choose another data set or model"
              .formatted(dataset.name(), dataset.classes(), classes));
    }
  }

  /** Steps done so far, by earlier runs too. */
  public int step() {
    return step;
  }

  /** All steps so far, by earlier runs too. */
  public LossCurve curve() {
    return curve;
  }

  /**
   * Trains to the configured number of steps.
   *
   * @throws IllegalStateException in one line if the loss is no longer a number
   */
  public void run(Listener listener) {
    runTo(config.steps(), listener);
  }

  /**
   * Trains until the given number of steps is done, at most the configured one.
   *
   * @throws IllegalStateException in one line if the loss is no longer a number
   */
  public void runTo(int steps, Listener listener) {
    while (step < Math.min(steps, config.steps())) {
      LossCurve.Row row = trainStep();
      curve.add(row);
      listener.stepDone(row);
    }
  }

  private LossCurve.Row trainStep() {
    final long start = System.nanoTime();
    Batches.Batch batch = batches.batch(step);
    int[] timesteps = timesteps(step);
    UNetTraining.StepResult result = training.step(input(batch, timesteps));
    step++;
    double loss = result.loss();
    if (!Double.isFinite(loss) || !Float.isFinite(result.gradNorm())) {
      throw new IllegalStateException(
          "The loss is %s and the gradient's norm %s at step %d: lower --lr or try another --seed"
              .formatted(loss, result.gradNorm(), step));
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new LossCurve.Row(
        step,
        batches.epoch(step - 1L) + 1,
        loss,
        quartiles(timesteps, result.lossPerImage()),
        result.gradNorm(),
        learningRates.at(step - 1),
        config.batch() / seconds);
  }

  /** The timesteps of a step's images: functions of (seed, step, place in the batch). */
  private int[] timesteps(int ofStep) {
    int[] timesteps = new int[config.batch()];
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] =
          new SplitMix64(config.seed(), TIMESTEP_STREAM, ofStep, i)
              .nextInt(config.trainTimesteps());
    }
    return timesteps;
  }

  /** Tells the timesteps' numbers from those of {@link Batches} with the same seed. */
  private static final long TIMESTEP_STREAM = 3;

  private UNetTraining.StepInput input(Batches.Batch batch, int[] timesteps) {
    int count = timesteps.length;
    float[] times = new float[count];
    float[] signals = new float[count];
    float[] sigmas = new float[count];
    float[] targetNoise = new float[count];
    float[] targetSample = new float[count];
    for (int i = 0; i < count; i++) {
      double signal = scheduler.noiseSchedule().signal(timesteps[i]);
      double sigma = scheduler.noiseSchedule().sigma(timesteps[i]);
      times[i] = timesteps[i];
      signals[i] = (float) signal;
      sigmas[i] = (float) sigma;
      targetNoise[i] = (float) config.prediction().targetNoise(signal);
      targetSample[i] = (float) config.prediction().targetSample(sigma);
    }
    return new UNetTraining.StepInput(
        batch.images(),
        times,
        config.unet().numClassEmbeds() == null ? null : batch.labels(),
        signals,
        sigmas,
        targetNoise,
        targetSample,
        config.seed(),
        step,
        hyperparameters());
  }

  private UNetTraining.Hyperparameters hyperparameters() {
    return new UNetTraining.Hyperparameters(
        (float) learningRates.at(step),
        (float) config.adamBeta1(),
        (float) config.adamBeta2(),
        (float) config.adamEpsilon(),
        (float) config.weightDecay(),
        step + 1,
        (float) config.maxGradNorm(),
        emaDecay == null ? 0 : (float) emaDecay.at(step + 1));
  }

  /** The mean loss of each quarter of the timesteps (Nichol and Dhariwal 2021, figure 2). */
  private List<Double> quartiles(int[] timesteps, float[] losses) {
    double[] sums = new double[QUARTILES];
    int[] counts = new int[QUARTILES];
    for (int i = 0; i < timesteps.length; i++) {
      int quartile = (int) ((long) timesteps[i] * QUARTILES / config.trainTimesteps());
      sums[quartile] += losses[i];
      counts[quartile]++;
    }
    List<Double> means = new ArrayList<>();
    for (int i = 0; i < QUARTILES; i++) {
      means.add(counts[i] == 0 ? Double.NaN : sums[i] / counts[i]);
    }
    return means;
  }

  /** The model so far: the moving average of the parameters where the run has one. */
  public DiffusionModel model() {
    SequencedMap<String, HostTensor> parameters =
        emaDecay == null ? training.parameters() : training.emaParameters();
    return new DiffusionModel(scheduler, config.unet(), parameters);
  }

  /**
   * Writes what {@link #resume} needs into the run's directory.
   *
   * @throws IOException in one line if it cannot be written; an earlier state stays whole
   */
  public void saveState(Path runDirectory) throws IOException {
    new TrainingState(
            step,
            TrainingState.settings(config, dataset),
            training.parameters(),
            training.firstMoments(),
            training.secondMoments(),
            emaDecay == null ? null : training.emaParameters(),
            curve)
        .write(runDirectory);
  }

  @Override
  public void close() {
    training.close();
  }
}
