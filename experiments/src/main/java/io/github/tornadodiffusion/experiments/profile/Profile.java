package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine.Measurement;
import io.github.tornadodiffusion.kernels.Program;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where the time of the runs of a program went: by kernel, and outside of kernels. The first run is
 * counted separately, because it compiles kernels.
 */
public final class Profile {
  private final Map<String, ProgramTimes> programs = new LinkedHashMap<>();
  private long readAndWrite;
  private Communication communication;

  /** One program; all times are nanoseconds. */
  private static final class ProgramTimes {
    private final Program program;
    private final Map<String, KernelTimes> kernels = new TreeMap<>();
    private Measurement first;
    private int runs;
    private long compilation;
    private long transfers;
    private long total;
    private double joules;

    ProgramTimes(Program program) {
      this.program = program;
    }

    void add(Measurement measurement) {
      runs++;
      compilation += measurement.compilation();
      transfers += measurement.transfers();
      total += measurement.total();
      joules += measurement.joules();
      for (int i = 0; i < measurement.calls().length; i++) {
        Call call = program.calls().get(i);
        kernels
            .computeIfAbsent(call.kernel().id(), KernelTimes::new)
            .add(call, measurement.calls()[i]);
      }
    }
  }

  private static final class KernelTimes {
    private final String kernel;
    private long calls;
    private long nanos;
    private double flops;
    private double bytes;

    KernelTimes(String kernel) {
      this.kernel = kernel;
    }

    void add(Call call, long callNanos) {
      calls++;
      nanos += callNanos;
      flops += call.flops();
      bytes += call.bytes();
    }
  }

  /**
   * A kernel in the runs of a program.
   *
   * @param calls per run
   * @param millis of the device, per run
   * @param share of the device's time, 0 to 1
   * @param gflops billion floating-point operations per second; 0 for a kernel that only moves data
   * @param gigabytes billion bytes per second, counting only those that it must move
   */
  record KernelRow(
      String kernel, long calls, double millis, double share, double gflops, double gigabytes) {}

  /**
   * A program; times are milliseconds per run unless noted otherwise.
   *
   * @param runs how many were measured, without the first
   * @param first milliseconds of the first run
   * @param firstCompilation milliseconds in which the first run compiled kernels
   * @param total from start to end
   * @param kernels on the device, all together
   * @param compilation compiling kernels
   * @param transfers to and from the device
   * @param launch the rest: launching kernels
   * @param joules energy that the device used for the kernels of a run; NaN if it does not report
   *     it
   */
  public record ProgramRow(
      String program,
      int runs,
      double first,
      double firstCompilation,
      double total,
      double kernels,
      double compilation,
      double transfers,
      double launch,
      double joules,
      List<KernelRow> rows) {}

  /** Adds the first run of a program. */
  void addFirst(Program program, Measurement measurement) {
    times(program).first = measurement;
  }

  /** Adds a later run of a program. */
  void add(Program program, Measurement measurement) {
    times(program).add(measurement);
  }

  private ProgramTimes times(Program program) {
    return programs.computeIfAbsent(program.name(), n -> new ProgramTimes(program));
  }

  /**
   * What a step of several processes costs besides computing, in milliseconds.
   *
   * @param millis in which the process sends and receives
   * @param waiting those of them in which it has nothing to compute
   */
  public record Communication(double millis, double waiting) {}

  /** Takes what several processes cost each other. */
  public void communication(Communication perStep) {
    communication = perStep;
  }

  /** What several processes cost each other; null for one. */
  Communication communication() {
    return communication;
  }

  /** Adds time that the host spent reading or writing between runs. */
  void addReadOrWrite(long nanos) {
    readAndWrite += nanos;
  }

  /** Milliseconds that the host spent reading or writing between runs, measured or not. */
  double readAndWriteMillis() {
    return readAndWrite / 1e6;
  }

  /** All programs that ran more than once, in the order of their first runs. */
  public List<ProgramRow> rows() {
    List<ProgramRow> rows = new ArrayList<>();
    for (ProgramTimes p : programs.values()) {
      if (p.runs > 0) {
        rows.add(row(p));
      }
    }
    return rows;
  }

  private static ProgramRow row(ProgramTimes p) {
    double perRun = 1e6 * p.runs;
    long device = p.kernels.values().stream().mapToLong(k -> k.nanos).sum();
    List<KernelRow> kernels =
        p.kernels.values().stream()
            .sorted(Comparator.comparingLong((KernelTimes k) -> k.nanos).reversed())
            .map(k ->
                new KernelRow(
                    k.kernel,
                    k.calls / p.runs,
                    k.nanos / perRun,
                    (double) k.nanos / device,
                    k.flops / k.nanos,
                    k.bytes / k.nanos))
            .toList();
    return new ProgramRow(
        p.program.name(),
        p.runs,
        p.first.total() / 1e6,
        p.first.compilation() / 1e6,
        p.total / perRun,
        device / perRun,
        p.compilation / perRun,
        p.transfers / perRun,
        (p.total - device - p.compilation - p.transfers) / perRun,
        p.joules / p.runs,
        kernels);
  }
}
