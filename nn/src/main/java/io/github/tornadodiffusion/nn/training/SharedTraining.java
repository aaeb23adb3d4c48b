package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.LostProcessException;
import io.github.tornadodiffusion.nn.distributed.TreeSum;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;

/**
 * Training whose steps are shared out: data-parallel, over processes and over the devices of each.
 * A step is a fixed number of shards, parts of its batch. The gradient of a shard depends on the
 * shard and its device alone, and {@link TreeSum} adds them in an order that is fixed by their
 * numbers, so parameters are the same to the last bit for any number of processes.
 *
 * <p>The gradients of the last layers are complete first. They are sent while the backward pass
 * goes on.
 *
 * <p>All processes call the same methods in the same order.
 */
public final class SharedTraining implements AutoCloseable {
  /** Pieces of the gradients: enough that little is left to send after the last one. */
  private static final int PIECES = 8;

  /** Measurements of a device, the first of which are slow. */
  private static final int ROUNDS = 4;

  /** Which updates; the others compute gradients. */
  private final Training training;

  private final List<Training> devices;
  private final int[] shares;
  private final Communicator communicator;

  /** One thread, so that all processes send in the same order. */
  private final ExecutorService sender = Executors.newSingleThreadExecutor(SharedTraining::thread);

  /** Compute on the devices after the first. */
  private final ExecutorService helpers = Executors.newCachedThreadPool(SharedTraining::thread);

  /** Of the whole parameters. */
  private final TreeSum sum;

  private final List<Piece> pieces = new ArrayList<>();
  private final float[] gathered;
  private final int shards;
  private final boolean spread;
  private final LongAdder communication = new LongAdder();
  private long waiting;

  private static Thread thread(Runnable task) {
    return Thread.ofPlatform().daemon().name("shared training").unstarted(task);
  }

  /**
   * How a training shares its steps, for {@link Training.Options}.
   *
   * @param spread whether the optimizer's values and the average are spread over the processes,
   *     each of which updates its part of the parameters (ZeRO stage 1, Rajbhandari et al. 2020);
   *     otherwise every process has and does all
   */
  public static Training.Share share(Communicator communicator, boolean spread) {
    return new Training.Share(
        spread
            ? floats -> TreeSum.range(floats, communicator.rank(), communicator.size())
            : floats -> new TreeSum.Range(0, floats),
        pieces(communicator));
  }

  /** Of a device that computes gradients for another one, which updates the parameters. */
  public static Training.Share helping(Communicator communicator) {
    return new Training.Share(_ -> new TreeSum.Range(0, 0), pieces(communicator));
  }

  private static int pieces(Communicator communicator) {
    return communicator.size() == 1 ? 1 : PIECES;
  }

  /**
   * Shares the steps of a training.
   *
   * @param training recorded with {@link #share} for a batch of one shard's size
   * @param shards of a step, a power of two that the number of processes divides
   * @throws IllegalArgumentException in one line if the processes cannot share the shards
   */
  public SharedTraining(Training training, Communicator communicator, int shards) {
    this(List.of(training), new int[] {shards / communicator.size()}, communicator, shards);
  }

  /**
   * Shares the steps of a training with further devices of this process.
   *
   * @param devices the training, recorded with {@link #share}, and further ones, recorded with
   *     {@link #helping}, of the same objective
   * @param shares how many of this process's shards each of them computes, see {@link #shares}
   * @param shards of a step, a power of two that the number of processes divides
   * @throws IllegalArgumentException in one line if the processes cannot share the shards
   */
  public SharedTraining(
      List<Training> devices, int[] shares, Communicator communicator, int shards) {
    this.devices = List.copyOf(devices);
    this.shares = shares.clone();
    this.communicator = communicator;
    this.shards = shards;
    training = devices.getFirst();
    check(shards, communicator.size());
    if (shares.length != devices.size() || Arrays.stream(shares).sum() != ownShards()) {
      throw new IllegalArgumentException(
          "%d devices with %s shards cannot share %d"
              .formatted(devices.size(), Arrays.toString(shares), ownShards()));
    }
    int floats = training.updateSteps().parameters().floats();
    sum = new TreeSum(communicator, floats);
    training.pieces().forEach(piece -> pieces.add(new Piece(piece.floats())));
    spread = communicator.size() > 1 && training.updateSteps().part().length() < floats;
    gathered = spread || devices.size() > 1 ? new float[floats] : null;
  }

  /**
   * Shares out shards so that a step is over soonest.
   *
   * @param seconds that a shard takes on each device
   */
  public static int[] shares(double[] seconds, int shards) {
    int[] shares = new int[seconds.length];
    for (int shard = 0; shard < shards; shard++) {
      int soonest = 0;
      for (int device = 1; device < seconds.length; device++) {
        if ((shares[device] + 1) * seconds[device] < (shares[soonest] + 1) * seconds[soonest]) {
          soonest = device;
        }
      }
      shares[soonest]++;
    }
    return shares;
  }

  /** A piece of the gradients on its way through the tree. */
  private final class Piece {
    private final TreeSum tree;
    private final TreeSum.Partial partial;
    private Future<float[]> whole;

    Piece(int floats) {
      tree = new TreeSum(communicator, floats);
      partial = new TreeSum.Partial(ownShards(), floats);
    }

    /** Adds what a device has of a shard. */
    void add(Training device, int number, int shard) {
      float[] gradient = partial.vector();
      device.readGradients(number, gradient);
      if (partial.add(shard, gradient)) {
        send();
      }
    }

    /** All processes come to their pieces in the same order, and send them from one thread. */
    private void send() {
      whole =
          communicator.size() == 1
              ? CompletableFuture.completedFuture(partial.take())
              : sender.submit(this::exchange);
    }

    private float[] exchange() {
      float[] gradient = partial.take();
      long start = System.nanoTime();
      tree.reduce(gradient);
      tree.gather(gradient);
      communication.add(System.nanoTime() - start);
      return gradient;
    }

    /** Gives the first device the sum of all shards. */
    void finish(int number) {
      long start = System.nanoTime();
      float[] gradient = await(whole);
      waiting += System.nanoTime() - start;
      training.writeGradients(number, gradient);
      partial.recycle(gradient);
    }
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while devices or processes were at work", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException known -> throw known;
        case Error error -> throw error;
        default -> throw new IllegalStateException(e.getCause());
      }
    }
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

  /** How many of them each of its devices computes. */
  public List<Integer> shares() {
    return Arrays.stream(shares).boxed().toList();
  }

  /**
   * Nanoseconds that this process has spent sending and receiving, those in which it computed at
   * the same time among them.
   */
  public long communicationNanos() {
    return communication.sum();
  }

  /** Nanoseconds in which this process has had nothing to do but wait for that. */
  public long waitingNanos() {
    return waiting;
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
    write(parameters);
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
    List<Future<List<SequencedMap<String, float[]>>>> helping = new ArrayList<>();
    for (int device = 1; device < shares.length; device++) {
      int helper = device;
      helping.add(helpers.submit(() -> differentiate(helper, own)));
    }
    List<SequencedMap<String, float[]>> losses = new ArrayList<>();
    try {
      losses.addAll(differentiate(0, own));
    } finally {
      // A device that fails leaves none at work.
      helping.forEach(helper -> losses.addAll(await(helper)));
    }
    for (int piece = 0; piece < pieces.size(); piece++) {
      pieces.get(piece).finish(piece);
    }
    float norm = training.update(update);
    if (gathered != null) {
      shareParameters();
    }
    return new Result(losses, norm);
  }

  /** Computes the shards of a device; returns the losses of their calls. */
  private List<SequencedMap<String, float[]>> differentiate(
      int number, List<List<Training.StepInput>> own) {
    Training device = devices.get(number);
    int first = Arrays.stream(shares, 0, number).sum();
    List<SequencedMap<String, float[]>> losses = new ArrayList<>();
    for (int shard = first; shard < first + shares[number]; shard++) {
      int at = shard;
      List<Training.StepInput> calls = own.get(shard);
      for (int call = 0; call < calls.size(); call++) {
        boolean last = call == calls.size() - 1;
        losses.add(
            device.differentiate(
                calls.get(call),
                piece -> {
                  if (last) {
                    pieces.get(piece).add(device, piece, at);
                  }
                }));
      }
      device.clearGradients();
    }
    return losses;
  }

  /**
   * Finds how fast the devices of this process are: they compute a shard in turn, a few times, and
   * the shortest time counts. Nothing that a training goes on with is changed.
   *
   * @param call of one shard
   * @return seconds that a shard takes on each
   */
  public static double[] seconds(List<Training> devices, Training.StepInput call) {
    double[] seconds = new double[devices.size()];
    Arrays.fill(seconds, Double.POSITIVE_INFINITY);
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < seconds.length; i++) {
        long start = System.nanoTime();
        var _ = devices.get(i).differentiate(call, _ -> {});
        seconds[i] = Math.min(seconds[i], (System.nanoTime() - start) * 1e-9);
        devices.get(i).clearGradients();
      }
    }
    return seconds;
  }

  /**
   * What a step gives.
   *
   * @param losses see {@link #step}
   * @param gradNorm norm of the gradients of all shards, before clipping
   */
  public record Result(List<SequencedMap<String, float[]>> losses, float gradNorm) {}

  /** Every process has updated its part: gives all to all, and to its other devices. */
  private void shareParameters() {
    Buffer parameters = training.updateSteps().parameters();
    TreeSum.Range own = training.updateSteps().part();
    training.loaded().read(parameters, own.from(), gathered, own.from(), own.length());
    if (spread) {
      long start = System.nanoTime();
      sum.gather(gathered);
      waiting += System.nanoTime() - start;
      communication.add(System.nanoTime() - start);
      training.loaded().write(parameters, gathered);
    }
    write(gathered);
  }

  private void write(float[] parameters) {
    for (Training device : devices.subList(1, devices.size())) {
      device.loaded().write(device.updateSteps().parameters(), parameters);
    }
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
    sender.shutdownNow();
    helpers.shutdownNow();
    devices.forEach(Training::close);
  }
}
