package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.bench.Benchmark;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.profile.KernelShape;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.peak.Peak;
import io.github.tornadodiffusion.kernels.ops.product.MatMul;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The peaks of a device: multiply-adds in registers, a matrix product, the sum of two arrays that
 * exceed all caches, and transfers to and from the host.
 */
final class DevicePeaks extends DeviceUnit {
  /**
   * Short runs: until the compilers of a JVM are done with a kernel, it is up to 60 times slower.
   */
  private static final int RUNS = 30;

  private static final int SCALAR_RUNS = 10;

  private static final int ROWS = 4096;
  private static final int TIMES = 1024;
  private static final int SIDE = 1024;
  private static final int MOST_TRANSFERRED = 1 << 22;

  /** How many floats are written at once to fill the arena. */
  private static final int PIECE = 1 << 16;

  private final DevicesSettings settings;

  DevicePeaks(DeviceRow row, DevicesSettings settings) {
    super(row, "peaks");
    this.settings = settings;
  }

  @Override
  void measure(Experiment.Sink sink) {
    int constants = 16;
    int first = 32;
    int length = settings.streamFloats();
    int floats = first + 3 * length;
    // The three measurements share the memory: each reads what the previous one left.
    int matrix = SIDE * SIDE;
    Call chains =
        Peak.multiplyAdd(ROWS, TIMES, constants, constants + 1, first, first + ROWS * Peak.ROW);
    List<Call> product =
        MatMul.multiply(
            1,
            SIDE,
            SIDE,
            SIDE,
            first,
            false,
            first + matrix,
            false,
            first + 2 * matrix,
            first + 3 * matrix);
    Block a = Block.of(first, 1, SIDE, length / SIDE / 16, 16);
    Block b = a.at(first + length);
    Call sum = Elementwise.add(a, b, a.at(first + 2 * length));
    List<Program> programs =
        List.of(program(List.of(chains)), program(product), program(List.of(sum)));
    try (Engine engine = row.opener().open(true)) {
      ProbeEngine probe = new ProbeEngine(engine, new Profile());
      try (Engine.Session session = probe.open(floats, programs)) {
        fill(session, first, 2 * length);
        session.write(constants, new float[] {0.9f, 0.05f}, 0, 2);
        int done = 0;
        for (Program program : programs) {
          double[] millis = new double[runs()];
          for (int i = 0; i < millis.length; i++) {
            long[] calls = session.measure(program).calls();
            millis[i] = calls[calls.length - 1] / 1e6;
          }
          sink.progress(++done / 5.0, program.labels().getLast());
          probe.mode(ProbeEngine.Mode.CHECK);
          session.run(program);
          add(sink, program.calls().getLast(), millis, probe);
        }
        Benchmark.checked(probe);
        transfers(sink, session, first);
      }
    }
  }

  private int runs() {
    return row.isScalar() ? SCALAR_RUNS : RUNS;
  }

  private static Program program(List<Call> calls) {
    List<String> labels = calls.stream().map(call -> call.kernel().id()).toList();
    return new Program("peak of " + labels.getLast(), calls, labels, List.of(), List.of());
  }

  private static void fill(Engine.Session session, int offset, int length) {
    float[] piece = new float[PIECE];
    for (int i = 0; i < PIECE; i++) {
      piece[i] = (float) Math.sin(i);
    }
    for (int at = 0; at < length; at += PIECE) {
      session.write(offset + at, piece, 0, Math.min(PIECE, length - at));
    }
  }

  private void add(Experiment.Sink sink, Call call, double[] millis, ProbeEngine probe) {
    KernelShape shape = KernelShape.of(call);
    double error =
        probe.figures().stream()
            .filter(kernel -> kernel.shape().equals(shape))
            .findFirst()
            .orElseThrow()
            .error();
    for (int i = 0; i < millis.length; i++) {
      Map<String, Object> fields = fields();
      fields.put("kernel", shape.kernel());
      fields.put("shape", shape.shape());
      fields.put("call_flops", shape.flops());
      fields.put("call_bytes", shape.bytes());
      fields.put("max_error", error);
      fields.put("index", i);
      fields.put("run_ms", millis[i]);
      sink.row("peak", fields);
    }
  }

  /**
   * Both directions, including the launch that a transfer needs, checked by comparing the data that
   * return.
   */
  private void transfers(Experiment.Sink sink, Engine.Session session, int offset) {
    int length = Math.min(MOST_TRANSFERRED, settings.streamFloats());
    float[] sent = new float[length];
    float[] received = new float[length];
    float[] last = new float[1];
    int end = offset + length - 1;
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int i = 0; i < runs(); i++) {
      Arrays.fill(sent, i + 1);
      // Written data wait for the next work of the device, which reading causes.
      rows.add(
          transfer(
              "to the device",
              length,
              i,
              () -> {
                session.write(offset, sent, 0, length);
                session.read(end, last, 0, 1);
              }));
      session.write(end, new float[] {-1}, 0, 1);
      sent[length - 1] = -1;
      rows.add(
          transfer("from the device", length, i, () -> session.read(offset, received, 0, length)));
      if (last[0] != i + 1 || !Arrays.equals(sent, received)) {
        throw new IllegalStateException("what comes back from the device is not what was sent");
      }
    }
    rows.forEach(fields -> sink.row("transfer", fields));
  }

  private Map<String, Object> transfer(String direction, int floats, int index, Runnable run) {
    Map<String, Object> fields = fields();
    fields.put("direction", direction);
    fields.put("bytes", 4L * floats);
    fields.put("index", index);
    fields.put("run_ms", millis(run));
    return fields;
  }
}
