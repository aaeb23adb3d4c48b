package io.github.tornadodiffusion.kernels;

import java.util.List;

/** Runs programs on one device. */
public interface Engine extends AutoCloseable {
  /** The device's id, for instance {@code jvm} or {@code opencl:0}. */
  String device();

  /** The variants of kernels that it runs: lanes or tiles. */
  Variants variants();

  /**
   * Takes memory for an arena and prepares programs that run on it.
   *
   * @param floats length of the arena; it starts as zeros, and its first 16 floats must stay zero:
   *     kernels read them where they need a zero vector
   * @param programs every program that the session will run
   */
  Session open(int floats, List<Program> programs);

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
     * Runs a program and adds the nanoseconds that each call took to {@code nanos}, one element a
     * call.
     */
    void profile(Program program, long[] nanos);

    @Override
    void close();
  }
}
