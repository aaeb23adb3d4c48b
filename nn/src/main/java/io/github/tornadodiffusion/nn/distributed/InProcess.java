package io.github.tornadodiffusion.nn.distributed;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Threads of one process that work together as processes do. */
public final class InProcess implements Communicator {
  private static final long PATIENCE_MILLIS = 50;

  private final int rank;
  private final Group group;

  /** What the members share: a queue from each to each. */
  private static final class Group {
    final List<List<BlockingQueue<byte[]>>> queues = new ArrayList<>();
    volatile int ended = -1;

    Group(int size) {
      for (int from = 0; from < size; from++) {
        List<BlockingQueue<byte[]>> row = new ArrayList<>();
        for (int to = 0; to < size; to++) {
          row.add(new LinkedBlockingQueue<>());
        }
        queues.add(row);
      }
    }
  }

  private InProcess(int rank, Group group) {
    this.rank = rank;
    this.group = group;
  }

  /** A process that works alone. */
  static Communicator alone() {
    return new InProcess(0, null);
  }

  /** The members of a group, each for a thread of its own. */
  public static List<Communicator> group(int size) {
    Group group = new Group(size);
    List<Communicator> members = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      members.add(new InProcess(rank, group));
    }
    return members;
  }

  /**
   * Runs the members of a group, each in a thread of its own.
   *
   * @return what they return, in their order
   * @throws ExecutionException with the failure of the first that failed
   */
  public static <T> List<T> run(int size, Function<Communicator, T> member)
      throws ExecutionException, InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
      List<Future<T>> results = new ArrayList<>();
      for (Communicator communicator : group(size)) {
        results.add(threads.submit(() -> member.apply(communicator)));
      }
      List<T> values = new ArrayList<>();
      for (Future<T> result : results) {
        values.add(result.get());
      }
      return values;
    }
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return group == null ? 1 : group.queues.size();
  }

  @Override
  public void exchange(int peer, MemorySegment send, MemorySegment receive) {
    if (send.byteSize() > 0) {
      group.queues.get(rank).get(peer).add(send.toArray(ValueLayout.JAVA_BYTE));
    }
    if (receive.byteSize() > 0) {
      byte[] bytes = take(peer);
      if (bytes.length != receive.byteSize()) {
        throw new IllegalStateException(
            "Process %d expects %d bytes of %d, which sends %d: they do not do the same"
                .formatted(rank, receive.byteSize(), peer, bytes.length));
      }
      MemorySegment.copy(bytes, 0, receive, ValueLayout.JAVA_BYTE, 0, bytes.length);
    }
  }

  private byte[] take(int peer) {
    try {
      while (true) {
        byte[] bytes =
            group.queues.get(peer).get(rank).poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        if (bytes != null) {
          return bytes;
        }
        if (group.ended >= 0) {
          throw new LostProcessException("process %d has ended".formatted(group.ended));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LostProcessException("interrupted while process %d was awaited".formatted(peer));
    }
  }

  /** Lets all that wait for a member fail. */
  @Override
  public void abort(int code) {
    if (group != null) {
      group.ended = rank;
    }
  }

  @Override
  public void close() {
    // There is nothing to free.
  }
}
