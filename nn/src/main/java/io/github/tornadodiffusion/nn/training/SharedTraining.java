package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.LostProcessException;
import io.github.tornadodiffusion.nn.distributed.TreeSum;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;

/**
 * Training whose steps are shared out: data-parallel, over processes. A step is a fixed number of
 * shards, parts of its batch. The gradient of a shard depends on the shard alone, and {@link
 * TreeSum} adds them in an order that is fixed by their numbers, so parameters are the same to the
 * last bit for any number of processes.
 *
 * <p>All processes call the same methods in the same order.
 */
public final class SharedTraining implements AutoCloseable {
  private final Training training;
  private final Communicator communicator;
  private final TreeSum sum;
  private final TreeSum.Partial partial;
  private final float[] gathered;
  private final int shards;
  private final boolean spread;
  private long communication;

  /**
   * Which of the trained floats a process updates, for {@link Training.Options}.
   *
   * @param spread whether the optimizer's values and the average are spread over the processes,
   *     each of which updates its part of the parameters (ZeRO stage 1, Rajbhandari et al. 2020);
   *     otherwise every process has and does all
   */
  public static IntFunction<TreeSum.Range> part(Communicator communicator, boolean spread) {
    return spread
        ? floats -> TreeSum.range(floats, communicator.rank(), communicator.size())
        : floats -> new TreeSum.Range(0, floats);
  }

  /**
   * Shares the steps of a training.
   *
   * @param training recorded with {@link #part} for a batch of one shard's size
   * @param shards of a step, a power of two that the number of processes divides
   * @throws IllegalArgumentException in one line if the processes cannot share the shards
   */
  public SharedTraining(Training training, Communicator communicator, int shards) {
    this.training = training;
    this.communicator = communicator;
    this.shards = shards;
    check(shards, communicator.size());
    int floats = training.updateSteps().parameters().floats();
    sum = new TreeSum(communicator, floats);
    partial = new TreeSum.Partial(shards / communicator.size(), floats);
    spread = communicator.size() > 1 && training.updateSteps().part().length() < floats;
    gathered = spread ? new float[floats] : null;
  }

  /**
   * Checks that processes can share shards.
   *
   * @throws IllegalArgumentException in one line saying how many would do
   */
  public static void check(int shards, int processes) {
    if (Integer.bitCount(shards) != 1) {
      throw new IllegalArgumentException(
          "--shards is %d; give a power of two, such as %d"
              .formatted(shards, Math.max(1, Integer.highestOneBit(shards))));
    }
    if (shards % processes != 0) {
      throw new IllegalArgumentException(
          "%d processes cannot share %d shards: start a power of two of processes, at most %d, or"
                  .formatted(processes, shards, shards)
              + " give more --shards");
    }
  }

  /** The first of the shards that this process computes. */
  public int firstShard() {
    return communicator.rank() * ownShards();
  }

  /** How many shards this process computes. */
  public int ownShards() {
    return shards / communicator.size();
  }

  /** Nanoseconds that this process has spent sending, receiving and waiting for others. */
  public long communicationNanos() {
    return communication;
  }

  /**
   * Gives the state that process 0 begins with to all.
   *
   * @param state of an earlier training, for {@link Training#setState}; null for a new one, and
   *     where this is not process 0
   */
  public void begin(State state) {
    UpdateSteps update = training.updateSteps();
    boolean goesOn = communicator.broadcast(state == null ? 0 : 1) == 1;
    float[] parameters =
        goesOn && communicator.leads()
            ? training.loaded().packTrained(trained(state.parameters))
            : whole();
    communicator.broadcast(parameters);
    training.loaded().write(update.parameters(), parameters);
    if (!goesOn) {
      if (update.ema() != null) {
        training.beginAverage();
      }
      return;
    }
    for (String name : training.options().optimizer().state()) {
      share(state == null ? null : state.optimizer.get(name), training.state(name));
    }
    if (update.ema() != null) {
      share(state == null ? null : trained(state.ema), update.ema());
    }
  }

  /**
   * What a training goes on with, see {@link Training#setState}.
   *
   * @param optimizer by the names of {@link Optimizer#state()}
   * @param ema the averaged parameters; null without average
   */
  public record State(
      Map<String, HostTensor> parameters,
      Map<String, ? extends Map<String, HostTensor>> optimizer,
      Map<String, HostTensor> ema) {}

  private Map<String, HostTensor> trained(Map<String, HostTensor> all) {
    Map<String, HostTensor> trained = new LinkedHashMap<>(all);
    trained.keySet().retainAll(training.loaded().trainedNames());
    return trained;
  }

  private void share(Map<String, HostTensor> values, Buffer to) {
    float[] all =
        values == null
            ? new float[training.updateSteps().parameters().floats()]
            : training.loaded().packTrained(values);
    communicator.broadcast(all);
    training.writeOwn(to, all);
  }

  /**
   * Runs a step.
   *
   * @param own the calls of each of this process's shards, in their order
   * @param update that ends the step
   * @return the losses of every own call, in the same order
   */
  public Result step(List<List<Training.StepInput>> own, OptimizerStep update) {
    List<SequencedMap<String, float[]>> losses = new ArrayList<>();
    for (int shard = 0; shard < own.size(); shard++) {
      for (Training.StepInput call : own.get(shard)) {
        losses.add(training.differentiate(call));
      }
      float[] gradient = partial.vector();
      training.readGradients(gradient);
      partial.add(shard, gradient);
    }
    float[] gradient = partial.take();
    long start = System.nanoTime();
    sum.reduce(gradient);
    sum.gather(gradient);
    communication += System.nanoTime() - start;
    float norm = training.update(gradient, update);
    partial.recycle(gradient);
    if (spread) {
      shareParameters();
    }
    return new Result(losses, norm);
  }

  /**
   * What a step gives.
   *
   * @param losses see {@link #step}
   * @param gradNorm norm of the gradients of all shards, before clipping
   */
  public record Result(List<SequencedMap<String, float[]>> losses, float gradNorm) {}

  /** Every process has updated its part: gives all to all. */
  private void shareParameters() {
    Buffer parameters = training.updateSteps().parameters();
    TreeSum.Range own = training.updateSteps().part();
    training.loaded().read(parameters, own.from(), gathered, own.from(), own.length());
    long start = System.nanoTime();
    sum.gather(gathered);
    communication += System.nanoTime() - start;
    training.loaded().write(parameters, gathered);
  }

  /**
   * Makes sure that all processes have the same parameters.
   *
   * @throws LostProcessException naming a process that has others
   */
  public void checkEqual() {
    float[] values = whole();
    ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
    CRC32C checksum = new CRC32C();
    for (int from = 0; from < values.length; from += bytes.capacity() / Float.BYTES) {
      int length = Math.min(bytes.capacity() / Float.BYTES, values.length - from);
      bytes.clear().asFloatBuffer().put(values, from, length);
      checksum.update(bytes.limit(length * Float.BYTES));
    }
    byte[] own = ByteBuffer.allocate(Long.BYTES).putLong(checksum.getValue()).array();
    List<Long> all =
        communicator.allGather(own).stream().map(sums -> ByteBuffer.wrap(sums).getLong()).toList();
    Map<Long, Long> counts =
        all.stream().collect(Collectors.groupingBy(value -> value, Collectors.counting()));
    long most = counts.values().stream().max(Long::compare).orElseThrow();
    long right = all.stream().filter(value -> counts.get(value) == most).findFirst().orElseThrow();
    for (int rank = 0; rank < all.size(); rank++) {
      if (all.get(rank) != right) {
        throw new LostProcessException(
            "%s has other parameters than the rest: its memory or device computes wrong"
                .formatted(communicator.name(rank)));
      }
    }
  }

  private float[] whole() {
    float[] values = new float[training.updateSteps().parameters().floats()];
    Buffer parameters = training.updateSteps().parameters();
    training.loaded().read(parameters, 0, values, 0, values.length);
    return values;
  }

  private float[] gather(Buffer part) {
    float[] values = new float[training.updateSteps().parameters().floats()];
    training.readOwn(part, values);
    if (spread) {
      sum.gather(values);
    }
    return values;
  }

  /** The parameters, see {@link Training#parameters}. */
  public SequencedMap<String, HostTensor> parameters() {
    return training.parameters();
  }

  /** What the optimizer keeps for all trained parameters, see {@link Training#optimizerState}. */
  public SequencedMap<String, HostTensor> optimizerState(String name) {
    return training.loaded().unpackTrained(gather(training.state(name)));
  }

  /** The averaged parameters, see {@link Training#emaParameters}. */
  public SequencedMap<String, HostTensor> emaParameters() {
    SequencedMap<String, HostTensor> all = training.parameters();
    all.putAll(training.loaded().unpackTrained(gather(training.updateSteps().ema())));
    return all;
  }

  @Override
  public void close() {
    training.close();
  }
}
