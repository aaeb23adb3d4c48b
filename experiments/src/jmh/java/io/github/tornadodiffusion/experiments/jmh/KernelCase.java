package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;

/**
 * The calls that a benchmark of a kernel family repeats, the random numbers that they work on, and
 * the names of those that a peer gets too. What runs once before is {@link #prepare}d.
 */
final class KernelCase {
  private final SplittableRandom random = new SplittableRandom(1);
  private final List<Call> before = new ArrayList<>();
  private final List<Call> calls = new ArrayList<>();
  private final SequencedMap<Integer, float[]> contents = new LinkedHashMap<>();
  private final Map<String, float[]> inputs = new LinkedHashMap<>();
  private final SequencedMap<String, Operand> outputs = new LinkedHashMap<>();
  private int end = 16;

  /** Takes memory for a number of floats, zeros at first. */
  int take(int floats) {
    int offset = end;
    end += Block.round16(floats);
    return offset;
  }

  /** Takes memory for a block, zeros at first. */
  Block take(Block shape) {
    return shape.at(take(shape.size()));
  }

  /** Takes memory for given numbers. */
  int constants(float... values) {
    int offset = take(values.length);
    contents.put(offset, values);
    return offset;
  }

  /** Takes memory for random numbers that lie one behind the other. */
  int numbers(int length) {
    return constants(draw(length));
  }

  /** Takes memory for a block of random numbers. */
  Block numbers(Block shape) {
    Block block = take(shape);
    Operand rows = Operand.rows(block);
    contents.put(block.offset(), rows.pack(draw(rows.places().length)));
    return block;
  }

  /** Fills memory with random numbers that a peer gets by name. */
  void input(String name, Operand operand) {
    float[] values = draw(operand.places().length);
    inputs.put(name, values);
    contents.put(operand.offset(), operand.pack(values));
  }

  /** Names what the calls write, to be compared with a peer's. */
  KernelCase output(String name, Operand operand) {
    outputs.put(name, operand);
    return this;
  }

  /** Adds calls that run once before the others. */
  KernelCase prepare(List<Call> more) {
    before.addAll(more);
    return this;
  }

  /** Adds calls to repeat. */
  KernelCase run(List<Call> more) {
    calls.addAll(more);
    return this;
  }

  /** Adds a call to repeat. */
  KernelCase run(Call call) {
    return run(List.of(call));
  }

  private float[] draw(int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) (2 * random.nextDouble() - 1);
    }
    return values;
  }

  /** The numbers of an input in PyTorch's layout. */
  float[] values(String input) {
    return inputs.get(input);
  }

  /** Operations of one run. */
  double flops() {
    return calls.stream().mapToDouble(Call::flops).sum();
  }

  /** Least traffic of one run. */
  double bytes() {
    return calls.stream().mapToDouble(Call::bytes).sum();
  }

  /** Puts everything on a device. */
  Workload open(Engine engine) {
    Program program = program("kernel", calls);
    Engine.Session session = session(engine, program);
    return new Workload(() -> session.run(program), flops(), end, session);
  }

  /** What one run writes, by name, in PyTorch's layout. */
  SequencedMap<String, float[]> results(Engine engine) {
    Program program = program("kernel", calls);
    try (Engine.Session session = session(engine, program)) {
      session.run(program);
      SequencedMap<String, float[]> results = new LinkedHashMap<>();
      outputs.forEach((name, operand) -> {
        float[] arena = new float[operand.floats()];
        session.read(operand.offset(), arena, 0, arena.length);
        results.put(name, operand.unpack(arena));
      });
      return results;
    }
  }

  private Engine.Session session(Engine engine, Program program) {
    Program preparation = program("preparation", before);
    List<Program> programs = before.isEmpty() ? List.of(program) : List.of(preparation, program);
    Engine.Session session = engine.open(end, programs);
    contents.forEach((offset, values) -> session.write(offset, values, 0, values.length));
    if (!before.isEmpty()) {
      session.run(preparation);
    }
    return session;
  }

  private static Program program(String name, List<Call> calls) {
    List<String> labels = calls.stream().map(call -> call.kernel().id()).toList();
    return new Program(name, calls, labels, List.of(), List.of());
  }
}
