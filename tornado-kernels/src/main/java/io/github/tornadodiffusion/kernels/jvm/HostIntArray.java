package io.github.tornadodiffusion.kernels.jvm;

/**
 * TornadoVM's IntArray on the JVM, together with the part of the outermost parallel loop that one
 * worker is to run.
 */
public final class HostIntArray {
  private final int[] values;
  private final int from;
  private final int to;

  public HostIntArray(int[] values, int from, int to) {
    this.values = values;
    this.from = from;
    this.to = to;
  }

  public int get(int index) {
    return values[index];
  }

  /** First iteration of this worker's part; {@link KernelLoader} puts it where the loop starts. */
  public int from() {
    return from;
  }

  /** End of this worker's part; {@link KernelLoader} puts it into the loop's condition. */
  public int to() {
    return to;
  }
}
