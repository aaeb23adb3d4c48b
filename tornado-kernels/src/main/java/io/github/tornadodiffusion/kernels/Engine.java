package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.function.Supplier;

/** Runs programs on one device. */
public interface Engine extends AutoCloseable {
  /** The device's id, for instance {@code jvm} or {@code opencl:0}. */
  String device();

  /** The variants of kernels that it runs: lanes, tiles or threads. */
  Variants variants();

  /**
   * Allocates an arena and prepares programs that run on it.
   *
   * @param floats length of the arena; it starts as zeros, and its first 16 floats must stay zero:
   *     kernels read them where they need a zero vector
   * @param programs every program that the session will run
   */
  Session open(int floats, List<Program> programs);

  /**
   * Makes sure that there is memory for an arena, without allocating it.
   *
   * @throws IllegalArgumentException saying how much is needed and how much there is
   */
  default void checkRoom(int floats) {}

  /**
   * Makes sure, before any numbers are trusted, that the device computes what the jvm engine
   * computes, and that foreign kernels (those that are not part of this project) compute what their
   * oracles say. What has been proven once is not tried again. The jvm engine tries foreign kernels
   * only, and waits for the next {@link #open}, which shows whether there are any.
   *
   * @param trials gives a trial for every kernel and shape that is going to be used
   * @throws IllegalStateException naming the first kernel that is wrong
   */
  default void prove(Supplier<List<Trial>> trials) {}

  @Override
  void close();

  /** An arena on the device. */
  interface Session extends AutoCloseable {
    /** Copies {@code length} floats of {@code source} to the arena. */
    void write(int offset, float[] source, int from, int length);

    /** Copies {@code length} floats of the arena to {@code target}. */
    void read(int offset, float[] target, int from, int length);

    /** Runs a program to its end. */
    void run(Program program);

    /**
     * Runs a program to its end and measures it.
     *
     * @throws IllegalStateException if the engine was opened without {@link EngineOptions#measure}
     */
    Measurement measure(Program program);

    @Override
    void close();
  }

  /**
   * Where the time of one run went.
   *
   * @param calls nanoseconds of the device for each call of the program
   * @param compilation nanoseconds in which kernels were compiled
   * @param transfers nanoseconds in which data went to or from the device
   * @param total nanoseconds from start to end; the remainder is the cost of launching
   * @param joules energy that the device used for the calls; NaN if it does not report it
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  record Measurement(long[] calls, long compilation, long transfers, long total, double joules) {}
}
