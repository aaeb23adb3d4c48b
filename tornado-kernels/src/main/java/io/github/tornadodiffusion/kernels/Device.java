package io.github.tornadodiffusion.kernels;

/**
 * A device of TornadoVM.
 *
 * @param id for instance {@code opencl:0}
 * @param name as the driver reports it
 * @param type for instance {@code cpu} or {@code gpu}
 * @param platform the driver
 * @param driver its version, empty where TornadoVM does not report it
 * @param runtime TornadoVM and its version
 * @param memory bytes
 * @param largestBuffer bytes that one array may have
 * @param computeUnits cores of a CPU, multiprocessors of a GPU
 * @param workGroup threads that a work group may have
 * @param localMemory bytes that a work group may share
 */
public record Device(
    String id,
    String name,
    String type,
    String platform,
    String driver,
    String runtime,
    long memory,
    long largestBuffer,
    int computeUnits,
    int workGroup,
    long localMemory) {
  /** What TornadoVM compiles to, the first part of the id: {@code opencl}, {@code ptx} ... */
  public String backend() {
    return id.substring(0, id.indexOf(':'));
  }
}
