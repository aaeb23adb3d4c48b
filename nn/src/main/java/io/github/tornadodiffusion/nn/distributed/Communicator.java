package io.github.tornadodiffusion.nn.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Processes that work together, numbered from 0. All of them call the same methods in the same
 * order, from one thread at a time; each call waits for the others that it needs.
 *
 * <p>Everything is built on {@link #exchange}, so that a sum or a broadcast is the same whatever
 * connects the processes.
 */
public interface Communicator extends AutoCloseable {
  /** The number of this process. */
  int rank();

  /** How many processes there are. */
  int size();

  /**
   * Sends to another process and receives from it at the same time.
   *
   * @param peer the other process, which must call this too, with lengths that fit
   * @param send native memory; empty to send nothing
   * @param receive native memory, filled to its end; empty to receive nothing
   * @throws LostProcessException if the other one has ended or does not answer
   */
  void exchange(int peer, MemorySegment send, MemorySegment receive);

  /** What a process is called in messages. */
  default String name(int peer) {
    return "process %d of %d".formatted(peer, size());
  }

  /** The number of this process among those of its machine, for choosing a device. */
  default int localRank() {
    return rank();
  }

  /** How many processes may use the processors that this one may use, itself included. */
  default int sharingProcessors() {
    return 1;
  }

  /** The lowest process known to have ended although it should not have; -1 for none. */
  default int lost() {
    return -1;
  }

  /** Sets how long others may take to answer; zero, the default, for as long as they like. */
  default void patience(Duration most) {
    // Threads of one process end together.
  }

  /** Ends all processes as soon as possible; does not return where it ends this one. */
  void abort(int code);

  @Override
  void close();

  /** A process that works alone. */
  static Communicator alone() {
    return InProcess.alone();
  }

  /** Whether this is the process that writes and speaks for all. */
  default boolean leads() {
    return rank() == 0;
  }

  /** Sends bytes, or an empty array. */
  private void send(int peer, byte[] bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, bytes.length);
      exchange(peer, length, MemorySegment.NULL);
      if (bytes.length > 0) {
        exchange(peer, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), MemorySegment.NULL);
      }
    }
  }

  private byte[] receive(int peer) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
      exchange(peer, MemorySegment.NULL, length);
      MemorySegment bytes = arena.allocate(length.get(ValueLayout.JAVA_INT, 0));
      if (bytes.byteSize() > 0) {
        exchange(peer, MemorySegment.NULL, bytes);
      }
      return bytes.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /**
   * Gives the bytes of process 0 to all, along a binomial tree.
   *
   * @param bytes ignored in the other processes
   */
  default byte[] broadcast(byte[] bytes) {
    byte[] known = bytes;
    int above = rank() == 0 ? Integer.highestOneBit(Math.max(1, size() - 1)) << 1 : 0;
    if (rank() != 0) {
      above = Integer.lowestOneBit(rank());
      known = receive(rank() - above);
    }
    for (int distance = above >> 1; distance > 0; distance >>= 1) {
      if (rank() + distance < size()) {
        send(rank() + distance, known);
      }
    }
    return known;
  }

  /** Gives the floats of process 0 to all. */
  default void broadcast(float[] values) {
    int chunk = Math.min(values.length, 1 << 20);
    for (int from = 0; from < values.length; from += chunk) {
      int length = Math.min(chunk, values.length - from);
      ByteBuffer bytes = ByteBuffer.allocate(length * Float.BYTES);
      if (leads()) {
        bytes.asFloatBuffer().put(values, from, length);
      }
      ByteBuffer.wrap(broadcast(bytes.array())).asFloatBuffer().get(values, from, length);
    }
  }

  /** The number that process 0 gives. */
  default int broadcast(int number) {
    return ByteBuffer.wrap(broadcast(ByteBuffer.allocate(4).putInt(number).array())).getInt();
  }

  /** The bytes of all processes in their order, in process 0; nothing in the others. */
  default List<byte[]> gather(byte[] own) {
    if (rank() != 0) {
      send(0, own);
      return List.of();
    }
    List<byte[]> all = new ArrayList<>(List.of(own));
    for (int peer = 1; peer < size(); peer++) {
      all.add(receive(peer));
    }
    return all;
  }

  /** The bytes of all processes, in their order. */
  default List<byte[]> allGather(byte[] own) {
    List<byte[]> all = gather(own);
    if (size() == 1) {
      return all;
    }
    ByteBuffer packed = ByteBuffer.allocate(all.stream().mapToInt(b -> b.length + 4).sum());
    all.forEach(bytes -> packed.putInt(bytes.length).put(bytes));
    ByteBuffer unpacked = ByteBuffer.wrap(broadcast(packed.array()));
    List<byte[]> whole = new ArrayList<>();
    for (int peer = 0; peer < size(); peer++) {
      byte[] bytes = new byte[unpacked.getInt()];
      unpacked.get(bytes);
      whole.add(bytes);
    }
    return whole;
  }

  /** Waits until all processes have come here. */
  default void barrier() {
    allGather(new byte[0]);
  }
}
