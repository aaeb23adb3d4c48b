package io.github.tornadodiffusion.diffusion.training;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.random.SplitMix64;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.util.List;
import java.util.SequencedMap;

/** Everything that is random in a training run. */
public interface TrainingDraws {
  /**
   * The input of one call of the model.
   *
   * @param batch as many images as the program takes
   * @param images how many of them count; the others fill up the batch
   * @param of how many count in the batch that this is a shard of
   * @param labels as the model sees them; null for a model without classes
   * @param noise {@code [n, c, h, w]}; null where the device draws it
   * @param counter of what the device draws
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  record Draw(
      Batches.Batch batch,
      int images,
      int of,
      int[] labels,
      int[] timesteps,
      float[] noise,
      Counter counter) {
    /**
     * The weight of an image in the mean over an update.
     *
     * @param accumulate batches of an update
     */
    double share(int accumulate) {
      double count = of;
      return timesteps.length / count / accumulate;
    }
  }

  /** Parameters of a new model. */
  SequencedMap<String, HostTensor> initialParameters();

  /** How many calls make a step: for every batch one of each shard, batch by batch. */
  int parts(int step);

  /**
   * The draw of a call.
   *
   * @param step counted from 0; later than those asked for before
   */
  Draw draw(int step, int part);

  /** The epoch, counted from 0, of the first image of a step. */
  long epoch(int step);

  /** Whether the noise comes from the host. */
  boolean givesNoise();

  /** Prepares to continue a run at a step. */
  void skipTo(int step);

  /**
   * The draws of a run.
   *
   * @param parts data sets, each of which fills an equal part of every batch
   */
  static TrainingDraws of(TrainingTask task, List<Dataset> parts) {
    return switch (task.variant().rng()) {
      case PHILOX -> new CounterDraws(task, parts);
      case TORCH -> new TorchDraws((TrainingConfig) task, parts.getFirst());
    };
  }

  /** How many steps a number of epochs takes; the last step may reach further. */
  static long steps(TrainingTask config, Dataset dataset, int epochs) {
    int accumulate = config.variant().accumulate();
    return switch (config.variant().rng()) {
      case PHILOX ->
          Math.ceilDiv((long) epochs * dataset.size(), (long) config.batch() * accumulate);
      case TORCH -> (long) epochs * TorchDraws.stepsPerEpoch(config, dataset);
    };
  }

  /** By counters: a function of (seed, step, position in the step) alone. */
  final class CounterDraws implements TrainingDraws {
    /**
     * Distinguishes these numbers from those of {@link Batches} and timesteps with the same seed.
     */
    private static final long LABEL_STREAM = 4;

    private final TrainingTask config;
    private final List<Batches> batches;
    private final NoiseSchedule schedule;

    CounterDraws(TrainingTask config, List<Dataset> parts) {
      this.config = config;
      int each = config.shardBatch() / parts.size();
      batches =
          parts.stream()
              .map(part -> new Batches(part, each, config.randomFlip(), config.seed()))
              .toList();
      schedule = config.scheduler().noiseSchedule();
    }

    @Override
    public SequencedMap<String, HostTensor> initialParameters() {
      return Initialisation.pytorchDefault(config.objective().parameters().specs(), config.seed());
    }

    @Override
    public int parts(int step) {
      return config.variant().accumulate() * config.variant().shards();
    }

    @Override
    public Draw draw(int step, int part) {
      long number = (long) step * parts(step) + part;
      Batches.Batch batch = Batches.Batch.of(batches.stream().map(b -> b.batch(number)).toList());
      int count = config.shardBatch();
      int first = part * count;
      int[] timesteps = new int[count];
      Integer classes = config.numClassEmbeds();
      int[] labels = config.conditioned() ? batch.labels().clone() : null;
      for (int i = 0; i < timesteps.length; i++) {
        timesteps[i] =
            timestep(new SplitMix64(config.seed(), TimestepDensity.STREAM, step, first + i));
        if (classes != null
            && new SplitMix64(config.seed(), LABEL_STREAM, step, first + i)
                .chance(config.variant().labelDropout())) {
          labels[i] = classes - 1;
        }
      }
      Counter counter = new Counter(config.seed(), step, first);
      return new Draw(batch, count, config.batch(), labels, timesteps, null, counter);
    }

    private int timestep(SplitMix64 random) {
      int timestep =
          config.variant().timestepDensity().draw(random, config.firstTimestep(), schedule);
      check(
          timestep >= config.firstTimestep() && timestep < schedule.timesteps(),
          "a timestep of timestep_density",
          timestep,
          "from %d to ".formatted(config.firstTimestep()) + (schedule.timesteps() - 1));
      return timestep;
    }

    @Override
    public long epoch(int step) {
      return batches.getFirst().epoch((long) step * parts(step));
    }

    @Override
    public boolean givesNoise() {
      return false;
    }

    @Override
    public void skipTo(int step) {
      // Every step can be drawn without those before it.
    }
  }
}
