package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.experiments.bench.Benchmark;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@link DevicesExperiment} measures.
 *
 * @param preset the model
 * @param batches images per run, ascending
 * @param runs of a program with a batch of 8 or more, the first included
 * @param sampleRuns of sampling, which takes longer
 * @param sampleSteps of DDIM
 * @param scalarBatch Java without vectors is so slow that it runs no larger batch, unless all
 *     batches are larger
 * @param streamFloats of each array in the measurement of memory bandwidth
 * @param profiled the programs that are measured kernel by kernel
 */
record DevicesSettings(
    Preset preset,
    List<Integer> batches,
    int runs,
    int sampleRuns,
    int sampleSteps,
    int scalarBatch,
    int streamFloats,
    List<String> profiled) {
  /** The programs, as {@code bench} calls them. */
  static final List<String> PROGRAMS = List.of("forward", "train-step", Benchmark.SAMPLE);

  private static final int PROFILED_BATCH = 8;

  /** A small batch has at most this many times the runs. */
  private static final int MOST_TIMES = 4;

  private static final int MIB = 1 << 18;

  /** The settings of the options. */
  static DevicesSettings of(Preset preset, List<Integer> batches, int runs, boolean quick) {
    return new DevicesSettings(
        preset,
        batches.stream().sorted().distinct().toList(),
        runs,
        Math.max(Math.min(4, runs), runs / 4),
        10,
        quick ? 1 : 8,
        (quick ? 64 : 128) * MIB,
        quick ? List.of("train-step") : List.of("forward", "train-step"));
  }

  /** The batches that a device runs. */
  List<Integer> batches(DeviceRow row) {
    List<Integer> some = batches.stream().filter(batch -> batch <= scalarBatch).toList();
    return row.isScalar() ? some.isEmpty() ? List.of(batches.getFirst()) : some : batches;
  }

  /** The batch that is measured kernel by kernel: the largest up to 8, or the smallest. */
  int profiledBatch(DeviceRow row) {
    List<Integer> done = batches(row);
    return done.stream()
        .filter(batch -> batch <= PROFILED_BATCH)
        .reduce((first, second) -> second)
        .orElse(done.getFirst());
  }

  /**
   * The runs of a program: more of small batches, so that the compilers of a JVM are done within
   * them, and fewer of Java without vectors.
   */
  int runs(DeviceRow row, String program, int batch) {
    int whole = program.equals(Benchmark.SAMPLE) ? sampleRuns : runs;
    return row.isScalar()
        ? Math.max(Math.min(4, whole), whole / 2)
        : whole * Math.clamp(PROFILED_BATCH / batch, 1, MOST_TIMES);
  }

  /** The cost of a run of a program in forward passes of the UNet, by floating-point operations. */
  double forwards(String program) {
    return switch (program) {
      case Benchmark.SAMPLE -> sampleSteps;
      case "train-step" -> 3;
      default -> 1;
    };
  }

  Workload workload(String program, ProbeEngine engine, int batch) {
    return program.equals(Benchmark.SAMPLE)
        ? Workload.sample(engine, preset, batch, sampleSteps)
        : Workload.of(program, engine, preset, batch);
  }

  Map<String, Object> configuration() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("preset", preset.name());
    fields.put("batches", batches);
    fields.put("runs", runs);
    fields.put("sample_runs", sampleRuns);
    fields.put("sample_steps", sampleSteps);
    fields.put("scalar_batch", scalarBatch);
    fields.put("stream_floats", streamFloats);
    fields.put("profiled", profiled);
    return fields;
  }
}
