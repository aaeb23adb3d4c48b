package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A program on a device, with others on the same arena where it has any, and the ways in and out of
 * its arena.
 */
public final class LoadedProgram implements AutoCloseable {
  private final MemoryPlan plan;
  private final Program program;
  private final Engine.Session session;

  public LoadedProgram(Engine engine, MemoryPlan plan, Program program, Graph graph) {
    this(engine, plan, List.of(program), graph);
  }

  /**
   * Puts programs on a device.
   *
   * @param programs the main one first
   */
  public LoadedProgram(Engine engine, MemoryPlan plan, List<Program> programs, Graph graph) {
    this.plan = plan;
    this.program = programs.getFirst();
    session = engine.open(plan.floats(), programs);
    graph.constants().forEach(this::write);
  }

  public Program program() {
    return program;
  }

  public Engine.Session session() {
    return session;
  }

  public int arenaFloats() {
    return plan.floats();
  }

  public void run() {
    run(program);
  }

  /** Runs one of the programs. */
  public void run(Program one) {
    session.run(one);
  }

  public void write(Buffer buffer, float[] values) {
    session.write(plan.offset(buffer), values, 0, values.length);
  }

  public float[] read(Buffer buffer, int length) {
    float[] values = new float[length];
    session.read(plan.offset(buffer), values, 0, length);
    return values;
  }

  /** Writes a batch of images, given in NCHW order, with its border. */
  public void writeImages(Tensor to, String what, float[] nchw) {
    Block b = to.shape();
    HostLength.check(what, nchw.length, b.pixels() * b.c());
    float[] nhwc = new float[b.size()];
    int from = 0;
    for (int n = 0; n < b.n(); n++) {
      for (int c = 0; c < b.c(); c++) {
        for (int y = 0; y < b.h(); y++) {
          int row = index(b, n, y) + c;
          for (int x = 0; x < b.w(); x++) {
            nhwc[row + x * b.stride()] = nchw[from++];
          }
        }
      }
    }
    write(to.buffer(), nhwc);
  }

  /** Reads a batch of images in NCHW order. */
  public float[] readImages(Tensor from) {
    Block b = from.shape();
    float[] nhwc = read(from.buffer(), b.size());
    float[] nchw = new float[b.pixels() * b.c()];
    int to = 0;
    for (int n = 0; n < b.n(); n++) {
      for (int c = 0; c < b.c(); c++) {
        for (int y = 0; y < b.h(); y++) {
          int row = index(b, n, y) + c;
          for (int x = 0; x < b.w(); x++) {
            nchw[to++] = nhwc[row + x * b.stride()];
          }
        }
      }
    }
    return nchw;
  }

  private static int index(Block b, int n, int y) {
    return ((n * b.rows() + b.top() + y) * b.columns() + b.left()) * b.stride();
  }

  /**
   * Writes all parameters, or values that lie like them.
   *
   * @throws IllegalArgumentException naming the first parameter that is missing, surplus or of
   *     another shape
   */
  public void writeParameters(Buffer to, Parameters parameters, Map<String, HostTensor> values) {
    for (Parameter parameter : parameters.all()) {
      HostTensor value = values.get(parameter.name());
      int[] shape = parameter.spec().shape();
      if (value == null) {
        throw new IllegalArgumentException(
            "The parameter %s is missing: the weights do not belong to this configuration"
                .formatted(parameter.name()));
      }
      if (!Arrays.equals(value.shape(), shape)) {
        throw new IllegalArgumentException(
            "The parameter %s has shape %s where the model has %s: the weights do not belong to this"
                    .formatted(
                        parameter.name(), Arrays.toString(value.shape()), Arrays.toString(shape))
                + " configuration");
      }
      float[] packed = parameter.pack(value.values());
      session.write(plan.offset(to) + parameter.start(), packed, 0, packed.length);
    }
    if (values.size() != parameters.all().size()) {
      List<String> known = parameters.all().stream().map(Parameter::name).toList();
      String surplus = values.keySet().stream().filter(k -> !known.contains(k)).findFirst().get();
      throw new IllegalArgumentException(
          "The parameter %s is not part of the model: the weights do not belong to this configuration"
              .formatted(surplus));
    }
  }

  /** Reads all parameters, or values that lie like them. */
  public SequencedMap<String, HostTensor> readParameters(Buffer from, Parameters parameters) {
    SequencedMap<String, HostTensor> values = new LinkedHashMap<>();
    for (Parameter parameter : parameters.all()) {
      float[] packed = new float[parameter.floats()];
      session.read(plan.offset(from) + parameter.start(), packed, 0, packed.length);
      values.put(parameter.name(), parameter.unpack(packed));
    }
    return values;
  }

  @Override
  public void close() {
    session.close();
  }
}
