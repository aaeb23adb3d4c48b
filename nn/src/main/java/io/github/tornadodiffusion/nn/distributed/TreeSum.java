package io.github.tornadodiffusion.nn.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Sums of vectors along the complete binary tree over their numbers. Whoever computed them, and
 * however many processes did, the same pairs are added, so the result is the same to the last bit.
 *
 * <p>The leaves are shards, a power of two of them, which the processes, also a power of two, share
 * in contiguous and equal parts: each process has a whole subtree. Its root is found without
 * communication ({@link Partial}); what remains is a tree over the processes ({@link #reduce}), of
 * which every process computes a range of the vector by recursive halving.
 */
public final class TreeSum {
  /** Floats that are sent at once: they fit into a core's cache. */
  private static final int CHUNK = 1 << 18;

  private static final int ROW = 16;

  private final Communicator communicator;
  private final int floats;

  /**
   * Sums of vectors of a length.
   *
   * @throws IllegalArgumentException if the processes are not a power of two
   */
  public TreeSum(Communicator communicator, int floats) {
    if (Integer.bitCount(communicator.size()) != 1) {
      throw new IllegalArgumentException(
          "%d processes cannot share the sums: start a power of two, such as %d"
              .formatted(communicator.size(), Integer.highestOneBit(communicator.size())));
    }
    this.communicator = communicator;
    this.floats = floats;
  }

  /** A part of a vector, from a float to the one after its last. */
  public record Range(int from, int to) {
    /** Kernels work on rows of 16 floats. */
    private int middle() {
      return from + (to - from) / 2 / ROW * ROW;
    }

    private Range half(boolean lower) {
      return lower ? new Range(from, middle()) : new Range(middle(), to);
    }

    /** How many floats it has. */
    public int length() {
      return to - from;
    }
  }

  /**
   * Which part of a vector a process computes: the bits of its rank choose the half.
   *
   * @param processes a power of two
   */
  public static Range range(int floats, int rank, int processes) {
    Range range = new Range(0, floats);
    for (int distance = 1; distance < processes; distance <<= 1) {
      range = range.half((rank & distance) == 0);
    }
    return range;
  }

  /**
   * Adds the vectors of all processes along the tree. Afterwards each has the sum in its range; the
   * rest of the vector is destroyed.
   *
   * @param values the root of this process's subtree
   */
  public void reduce(float[] values) {
    for (int distance = 1; distance < communicator.size(); distance <<= 1) {
      Range whole = range(floats, communicator.rank(), distance);
      boolean lower = (communicator.rank() & distance) == 0;
      swap(distance, values, whole.half(!lower), whole.half(lower), true);
    }
  }

  /** Gives the ranges of all processes to all: the reverse of {@link #reduce}. */
  public void gather(float[] values) {
    for (int distance = communicator.size() >> 1; distance > 0; distance >>= 1) {
      Range whole = range(floats, communicator.rank(), distance);
      boolean lower = (communicator.rank() & distance) == 0;
      swap(distance, values, whole.half(lower), whole.half(!lower), false);
    }
  }

  /** Sends one range and receives another, which is added to or replaces what is there. */
  private void swap(int distance, float[] values, Range sent, Range received, boolean add) {
    int peer = communicator.rank() ^ distance;
    int most = Math.max(sent.length(), received.length());
    try (Arena arena = Arena.ofConfined()) {
      int chunk = Math.min(CHUNK, most);
      MemorySegment out = arena.allocate((long) chunk * Float.BYTES, Float.BYTES);
      MemorySegment in = arena.allocate((long) chunk * Float.BYTES, Float.BYTES);
      for (int at = 0; at < most; at += chunk) {
        int leaving = Math.clamp(sent.length() - at, 0, chunk);
        int coming = Math.clamp(received.length() - at, 0, chunk);
        MemorySegment.copy(values, sent.from + at, out, ValueLayout.JAVA_FLOAT, 0, leaving);
        communicator.exchange(
            peer,
            out.asSlice(0, (long) leaving * Float.BYTES),
            in.asSlice(0, (long) coming * Float.BYTES));
        if (add) {
          add(values, received.from + at, in, coming);
        } else {
          MemorySegment.copy(in, ValueLayout.JAVA_FLOAT, 0, values, received.from + at, coming);
        }
      }
    }
  }

  private static void add(float[] values, int from, MemorySegment others, int count) {
    for (int i = 0; i < count; i++) {
      values[from + i] += others.getAtIndex(ValueLayout.JAVA_FLOAT, i);
    }
  }

  /**
   * The sum of a subtree whose leaves come in any order, from any thread. It holds no more vectors
   * than wait for their neighbour.
   */
  public static final class Partial {
    private final Map<Node, float[]> waiting = new HashMap<>();
    private final Deque<float[]> free = new ArrayDeque<>();
    private final int leaves;
    private final int floats;

    private record Node(int height, int index) {}

    /**
     * A sum of vectors.
     *
     * @param leaves how many, a power of two
     */
    public Partial(int leaves, int floats) {
      this.leaves = leaves;
      this.floats = floats;
    }

    /** A vector of any content, to be filled and added. */
    public synchronized float[] vector() {
      return free.isEmpty() ? new float[floats] : free.pop();
    }

    /** Adds the vector of a leaf, which this keeps; returns whether it was the last one. */
    public synchronized boolean add(int leaf, float[] vector) {
      float[] sum = vector;
      int index = leaf;
      int height = 0;
      for (int width = 1; width < leaves; width <<= 1) {
        float[] other = waiting.remove(new Node(height, index ^ 1));
        if (other == null) {
          break;
        }
        // Which of the two came first makes no difference: a + b = b + a.
        for (int i = 0; i < floats; i++) {
          sum[i] += other[i];
        }
        free.push(other);
        index >>= 1;
        height++;
      }
      waiting.put(new Node(height, index), sum);
      return 1 << height == leaves;
    }

    /** The sum of all leaves; give it back with {@link #recycle}. */
    public synchronized float[] take() {
      return waiting.remove(new Node(Integer.numberOfTrailingZeros(leaves), 0));
    }

    /** Takes a vector that is no longer needed. */
    public synchronized void recycle(float[] vector) {
      free.push(vector);
    }
  }
}
