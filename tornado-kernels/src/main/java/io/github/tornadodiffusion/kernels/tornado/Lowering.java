package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Program;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What TornadoVM is to execute for a session, as plain data: the task graphs of one execution plan.
 * All tensors are ranges of one array, the arena, which the first graph transfers to the device and
 * every graph leaves there. A task takes the arena and a small array of its own, the descriptor.
 *
 * <ul>
 *   <li>Graph {@link #WRITE} copies what the host has written into the arena. Its first execution
 *       transfers the arena itself to the device.
 *   <li>A program becomes consecutive graphs of at most {@link #MOST_TASKS} tasks, whose
 *       descriptors are transferred once.
 *   <li>In addition, every kernel has a graph of its own, whose descriptor is transferred at each
 *       execution: for programs of one call, and for profiles.
 * </ul>
 *
 * <p>All graphs have the same name and a task's id is its kernel and a count within the graph,
 * because TornadoVM compiles a task once for every pair of graph name and id.
 *
 * @param graphs in the order of the plan
 * @param descriptors content of the arrays that are transferred once, by name
 * @param requests lengths of the arrays of integers that are transferred at each execution, by name
 * @param programs for every program the graphs that it runs, in order; empty for programs of one
 *     call
 * @param single for every kernel the index of its own graph
 */
record Lowering(
    List<Graph> graphs,
    Map<String, int[]> descriptors,
    Map<String, Integer> requests,
    List<List<Integer>> programs,
    Map<Kernel, Integer> single) {
  /**
   * The kernels of all sessions by the names of their tasks: of two kernels with one name,
   * TornadoVM would run the code of the first for both.
   */
  private static final Map<String, Kernel> NAMED = new ConcurrentHashMap<>();

  /** Name of every graph. */
  static final String NAME = "program";

  /** Names of the arrays that exist once. */
  static final String ARENA = "arena";

  static final String STAGING = "staging";
  static final String REQUEST = "request";

  /** Index of the graph that writes to the arena. */
  static final int WRITE = 0;

  /**
   * Pieces of one execution of graph {@link #WRITE}, and floats of a piece: a few for every core.
   */
  static final int MOST_PIECES = 256;

  static final int PIECE = 2048;

  /** Floats of the staging array. */
  static final int STAGING_FLOATS = 1 << 16;

  /** TornadoVM builds graphs of 20 to 40 tasks fastest. */
  static final int MOST_TASKS = 32;

  /**
   * A task graph.
   *
   * @param once arrays that its first execution transfers to the device
   * @param always arrays that each of its executions transfers to the device
   * @param consumesArena whether the arena is on the device already
   */
  record Graph(List<String> once, List<String> always, boolean consumesArena, List<Task> tasks) {}

  /**
   * A task of a graph.
   *
   * @param arguments names of arrays
   */
  record Task(String id, Kernel kernel, List<String> arguments) {}

  /** Lowers programs over one arena. */
  static Lowering of(List<Program> programs) {
    Builder builder = new Builder();
    builder.write();
    List<List<Integer>> ranges = programs.stream().map(builder::program).toList();
    programs.forEach(builder::singles);
    return new Lowering(
        List.copyOf(builder.graphs),
        Collections.unmodifiableMap(builder.descriptors),
        Collections.unmodifiableMap(builder.requests),
        ranges,
        Collections.unmodifiableMap(builder.single));
  }

  /** The kernel behind every task's id. */
  Map<String, Kernel> taskKernels() {
    Map<String, Kernel> kernels = new LinkedHashMap<>();
    graphs.forEach(g -> g.tasks().forEach(task -> kernels.put(task.id(), task.kernel())));
    return kernels;
  }

  /** Name of the array that holds the descriptor of a kernel's own graph. */
  static String request(Kernel kernel) {
    return "request " + taskName(kernel);
  }

  private static String taskId(Kernel kernel, int occurrence) {
    return taskName(kernel) + "_" + occurrence;
  }

  /** The kernel's name, or a variation of it if another kernel has that name. */
  private static String taskName(Kernel kernel) {
    String name = kernel.id().replaceAll("\\W", "_");
    while (!NAMED.computeIfAbsent(name, n -> kernel).equals(kernel)) {
      name += "_";
    }
    return name;
  }

  private static final class Builder {
    private final List<Graph> graphs = new ArrayList<>();
    private final Map<String, int[]> descriptors = new LinkedHashMap<>();
    private final Map<String, Integer> requests = new LinkedHashMap<>();
    private final Map<Kernel, Integer> single = new LinkedHashMap<>();

    void write() {
      requests.put(REQUEST, TransferKernels.TO + TransferKernels.PER_PIECE * MOST_PIECES);
      Kernel write = Kernel.of(TransferKernels.class, "write");
      Task task = new Task(taskId(write, 1), write, List.of(ARENA, REQUEST, STAGING));
      graphs.add(new Graph(List.of(ARENA), List.of(REQUEST, STAGING), false, List.of(task)));
    }

    List<Integer> program(Program program) {
      List<Integer> indices = new ArrayList<>();
      int calls = program.calls().size();
      int parts = calls == 1 ? 0 : (calls + MOST_TASKS - 1) / MOST_TASKS;
      for (int part = 0; part < parts; part++) {
        int from = (int) ((long) calls * part / parts);
        int to = (int) ((long) calls * (part + 1) / parts);
        indices.add(graphs.size());
        graphs.add(graph(program.calls().subList(from, to)));
      }
      return List.copyOf(indices);
    }

    private Graph graph(List<Call> calls) {
      List<String> once = new ArrayList<>();
      List<Task> tasks = new ArrayList<>();
      Map<Kernel, Integer> occurrences = new HashMap<>();
      for (Call call : calls) {
        String descriptor = "descriptor " + descriptors.size();
        descriptors.put(descriptor, call.descriptor());
        once.add(descriptor);
        int occurrence = occurrences.merge(call.kernel(), 1, Integer::sum);
        tasks.add(
            new Task(taskId(call.kernel(), occurrence), call.kernel(), List.of(ARENA, descriptor)));
      }
      return new Graph(List.copyOf(once), List.of(), true, List.copyOf(tasks));
    }

    void singles(Program program) {
      for (Call call : program.calls()) {
        Kernel kernel = call.kernel();
        String request = request(kernel);
        requests.merge(request, call.descriptor().length, Math::max);
        single.computeIfAbsent(
            kernel,
            k -> {
              Task task = new Task(taskId(k, 1), k, List.of(ARENA, request));
              graphs.add(new Graph(List.of(), List.of(request), true, List.of(task)));
              return graphs.size() - 1;
            });
      }
    }
  }
}
