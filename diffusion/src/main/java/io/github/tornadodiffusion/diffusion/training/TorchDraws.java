package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.TorchGenerator;
import io.github.tornadodiffusion.nn.training.TorchInitialisation;
import java.util.Arrays;
import java.util.SequencedMap;

/**
 * The draws of a diffusers training loop on the CPU, in its order: {@code manual_seed}, the model,
 * then for every epoch the DataLoader's order and for every batch {@code RandomHorizontalFlip}
 * image by image, {@code randn} and {@code randint}. Labels are dropped last, by {@code rand}.
 *
 * <p>As in PyTorch the last batch of an epoch may be smaller, and an update does not extend into
 * the next epoch.
 */
final class TorchDraws implements TrainingDraws {
  private final TrainingConfig config;
  private final Dataset dataset;
  private final TorchGenerator generator;
  private final int batchesPerEpoch;
  private int[] order;
  private long drawn;
  private Draw whole;

  TorchDraws(TrainingConfig config, Dataset dataset) {
    this.config = config;
    this.dataset = dataset;
    generator = new TorchGenerator(config.seed());
    batchesPerEpoch = Math.ceilDiv(dataset.size(), config.batch());
  }

  static int stepsPerEpoch(TrainingTask config, Dataset dataset) {
    int batches = Math.ceilDiv(dataset.size(), config.batch());
    return Math.ceilDiv(batches, config.variant().accumulate());
  }

  @Override
  public SequencedMap<String, HostTensor> initialParameters() {
    UNet2DModel model = new UNet2DModel(config.unet());
    return TorchInitialisation.of(model.parameters().specs(), model.constructionOrder(), generator);
  }

  @Override
  public int parts(int step) {
    int accumulate = config.variant().accumulate();
    int before = step % stepsPerEpoch(config, dataset) * accumulate;
    return Math.min(accumulate, batchesPerEpoch - before) * config.variant().shards();
  }

  /** A shard of a batch, which is drawn as a whole when the first of its shards is asked for. */
  @Override
  public Draw draw(int step, int part) {
    int shards = config.variant().shards();
    int first = part / shards * config.batch();
    if (whole == null || whole.counter().step() != step || whole.counter().firstImage() != first) {
      whole = draw(step, part / shards, false);
    }
    return shards == 1 ? whole : shard(part % shards);
  }

  private Draw shard(int shard) {
    int count = config.shardBatch();
    int from = shard * count;
    Batches.Batch all = whole.batch();
    int values = all.images().length / config.batch();
    Batches.Batch own =
        new Batches.Batch(
            Arrays.copyOfRange(all.images(), from * values, (from + count) * values),
            Arrays.copyOfRange(all.labels(), from, from + count),
            Arrays.copyOfRange(all.indices(), from, from + count));
    Counter counter = whole.counter();
    return new Draw(
        own,
        Math.clamp(whole.images() - from, 0, count),
        whole.images(),
        whole.labels() == null ? null : Arrays.copyOfRange(whole.labels(), from, from + count),
        Arrays.copyOfRange(whole.timesteps(), from, from + count),
        Arrays.copyOfRange(whole.noise(), from * values, (from + count) * values),
        new Counter(counter.seed(), counter.step(), counter.firstImage() + from));
  }

  /** The number of a batch within its epoch. */
  private int batch(int step, int part) {
    return step % stepsPerEpoch(config, dataset) * config.variant().accumulate() + part;
  }

  private Draw draw(int step, int part, boolean skip) {
    int batch = batch(step, part);
    if (batch != drawn % batchesPerEpoch) {
      throw new IllegalStateException("Batch " + batch + " of an epoch was drawn out of order");
    }
    if (batch == 0) {
      order = generator.dataLoaderOrder(dataset.size());
    }
    drawn++;
    int from = batch * config.batch();
    int count = Math.min(config.batch(), dataset.size() - from);
    boolean[] mirrored = new boolean[config.batch()];
    if (config.randomFlip()) {
      for (int i = 0; i < count; i++) {
        mirrored[i] = generator.rand(1)[0] < 0.5f;
      }
    }
    int imageLength = dataset.channels() * dataset.imageSize() * dataset.imageSize();
    float[] noise = new float[skip ? 0 : config.batch() * imageLength];
    if (skip) {
      generator.skipRandn(count * imageLength);
    } else {
      System.arraycopy(generator.randn(count * imageLength), 0, noise, 0, count * imageLength);
    }
    int[] timesteps = new int[config.batch()];
    long[] times = generator.randint(config.firstTimestep(), config.trainTimesteps(), count);
    Arrays.setAll(timesteps, i -> i < count ? (int) times[i] : config.firstTimestep());
    boolean drops = config.unet().numClassEmbeds() != null && config.variant().labelDropout() > 0;
    float[] dropped = drops ? generator.rand(count) : new float[0];
    if (skip) {
      return null;
    }
    int[] indices = new int[config.batch()];
    // The images that fill up the batch have weight 0, so any image will do.
    Arrays.setAll(indices, i -> order[i < count ? from + i : from]);
    Batches.Batch images = Batches.gather(dataset, indices, mirrored);
    return new Draw(
        images,
        count,
        count,
        labels(images, dropped),
        timesteps,
        noise,
        new Counter(config.seed(), step, part * config.batch()));
  }

  private int[] labels(Batches.Batch batch, float[] dropped) {
    Integer classes = config.unet().numClassEmbeds();
    if (!config.unet().conditioned()) {
      return null;
    }
    int[] labels = batch.labels().clone();
    for (int i = 0; i < dropped.length; i++) {
      if (dropped[i] < config.variant().labelDropout()) {
        labels[i] = classes - 1;
      }
    }
    return labels;
  }

  @Override
  public long epoch(int step) {
    return step / stepsPerEpoch(config, dataset);
  }

  @Override
  public boolean givesNoise() {
    return true;
  }

  /** Draws what the earlier steps drew. */
  @Override
  public void skipTo(int step) {
    for (int done = 0; done < step; done++) {
      for (int batch = 0; batch < parts(done) / config.variant().shards(); batch++) {
        draw(done, batch, true);
      }
    }
  }
}
