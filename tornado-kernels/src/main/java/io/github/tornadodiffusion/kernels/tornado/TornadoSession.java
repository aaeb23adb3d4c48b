package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Variants;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.TornadoProfilerResult;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * An arena on a device of TornadoVM: hands a {@link Lowering} to TornadoVM as one execution plan.
 * What the host writes is collected and goes to the device with the next run; what it reads is
 * fetched in pages, which stay valid until the device works again.
 */
final class TornadoSession implements Engine.Session {
  /** The smallest number of floats to fetch. */
  private static final int PAGE = 1024;

  /** One for all: TornadoVM compiles a kernel anew for every context that it is given. */
  private static final KernelContext CONTEXT = new KernelContext();

  /** Backends that record the launches of a graph and replay them. */
  private static final Set<String> CUDA_GRAPHS = Set.of("ptx", "cuda");

  private static final String POCL = "Portable Computing Language";

  /**
   * Instead of TornadoVM's own {@code -cl-fast-relaxed-math}, which allows compilers to turn 1 / (1
   * + infinity) into NaN.
   */
  private static final String OPENCL_FLAGS = "-cl-mad-enable -w";

  /**
   * PoCL forbids the compiler to fuse multiplication and addition; this allows it again, and makes
   * matrix products up to twice as fast. The options are those of clang, which PoCL compiles with.
   */
  private static final String POCL_FLAGS =
      OPENCL_FLAGS + " -DDP(x)=_Pragma(#x)kernel -D__kernel=DP(clang/**/fp/**/contract(fast))";

  private final Device device;
  private final EngineOptions options;
  private final Variants variants;
  private final Lowering lowering;
  private final Map<Program, Variants.ChosenProgram> chosen = new IdentityHashMap<>();
  private final Map<Program, List<Integer>> graphs = new IdentityHashMap<>();
  private final FloatArray arena;
  private final MemorySegment arenaValues;
  private final FloatArray staging = new FloatArray(Lowering.STAGING_FLOATS);
  private final MemorySegment stagingValues = staging.getSegment();
  private final Map<String, IntArray> requests = new HashMap<>();
  private final TornadoExecutionPlan plan;
  private final BitSet fetched = new BitSet();

  /** Graphs whose first run was announced. */
  private final BitSet announced = new BitSet();

  private TornadoExecutionResult last;
  private int pieces;
  private int staged;

  TornadoSession(
      TornadoDevice on,
      Device device,
      EngineOptions options,
      Variants variants,
      int floats,
      int scratch,
      List<Program> programs) {
    this.device = device;
    this.options = options;
    this.variants = variants;
    for (Program program : programs) {
      chosen.put(program, variants.of(program, floats));
    }
    lowering =
        Lowering.of(programs.stream().map(program -> chosen.get(program).program()).toList());
    for (int i = 0; i < programs.size(); i++) {
      graphs.put(programs.get(i), lowering.programs().get(i));
    }
    arena = new FloatArray(floats + scratch);
    arenaValues = arena.getSegment();
    lowering.requests().forEach((name, length) -> requests.put(name, new IntArray(length)));
    Map<String, Object> arrays = new HashMap<>(requests);
    arrays.put(Lowering.ARENA, arena);
    arrays.put(Lowering.STAGING, staging);
    lowering.descriptors().forEach((name, values) -> arrays.put(name, IntArray.fromArray(values)));
    plan =
        new TornadoExecutionPlan(
            lowering.graphs().stream()
                .map(graph -> taskGraph(graph, arrays))
                .toArray(ImmutableTaskGraph[]::new));
    plan.withDevice(on);
    plan.withGridScheduler(grids());
    plan.withCompilerFlags(
        TornadoVMBackendType.OPENCL, device.platform().equals(POCL) ? POCL_FLAGS : OPENCL_FLAGS);
    if (options.measure()) {
      plan.withProfiler(
          ProfilerMode.SILENT); // the first execution decides whether there are clocks
    } else if (CUDA_GRAPHS.contains(device.backend())
        && lowering.programs().stream().anyMatch(indices -> !indices.isEmpty())) {
      // The driver launches a whole graph at once, which hides its kernels from the profiler.
      plan.withCUDAGraph();
    }
    flush(); // brings the arena to the device
    if (options.measure()) {
      plan.withoutProfiler();
    }
  }

  private ImmutableTaskGraph taskGraph(Lowering.Graph graph, Map<String, Object> arrays) {
    TaskGraph result = new TaskGraph(Lowering.NAME);
    if (graph.consumesArena()) {
      result.consumeFromDevice(Lowering.NAME, arrays.get(Lowering.ARENA));
    }
    graph
        .once()
        .forEach(a -> result.transferToDevice(DataTransferMode.FIRST_EXECUTION, arrays.get(a)));
    graph
        .always()
        .forEach(a -> result.transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays.get(a)));
    for (Lowering.Task task : graph.tasks()) {
      FloatArray m = (FloatArray) arrays.get(task.arguments().get(0));
      IntArray d = (IntArray) arrays.get(task.arguments().get(1));
      if (task.arguments().size() == 3) {
        FloatArray third = (FloatArray) arrays.get(task.arguments().get(2));
        result.task(task.id(), TransferKernels::write, m, d, third);
      } else if (task.kernel().workGroup().isEmpty()
          && variants.capabilities().contains(Capability.VECTORS)) {
        result.task(task.id(), TornadoTasks.lanes(task.kernel()), m, d);
      } else if (device.backend().equals("spirv")) {
        result.task(task.id(), TornadoTasks.loops(task.kernel()), m, d);
      } else {
        result.task(task.id(), TornadoTasks.threads(task.kernel()), CONTEXT, m, d);
      }
    }
    if (!graph.consumesArena()) {
      // The graph that transferred the arena owns it: a plan frees the arrays that graphs
      // persist, and would free the arena once for every graph.
      result.persistOnDevice(arrays.get(Lowering.ARENA));
    }
    return result.snapshot();
  }

  private GridScheduler grids() {
    GridScheduler scheduler = new GridScheduler();
    lowering
        .taskKernels()
        .forEach((id, kernel) -> {
          Grid grid = Grid.of(kernel, device, variants);
          grid.check(kernel, device);
          WorkerGrid workers =
              grid.z() > 1
                  ? new WorkerGrid3D(grid.x(), grid.y(), grid.z())
                  : grid.y() > 1
                      ? new WorkerGrid2D(grid.x(), grid.y())
                      : new WorkerGrid1D(grid.x());
          workers.setLocalWork(grid.localX(), grid.localY(), 1);
          scheduler.addWorkerGrid(Lowering.NAME + "." + id, workers);
        });
    return scheduler;
  }

  @Override
  public void write(int offset, float[] source, int from, int length) {
    for (int done = 0; done < length; ) {
      int n = Math.min(Lowering.PIECE, length - done);
      if (pieces == Lowering.MOST_PIECES
          || staged + n > Lowering.STAGING_FLOATS
          || isStaged(offset + done, n)) {
        flush();
      }
      IntArray request = requests.get(Lowering.REQUEST);
      int piece = pieces * TransferKernels.PER_PIECE;
      request.set(TransferKernels.TO + piece, offset + done);
      request.set(TransferKernels.FROM + piece, staged);
      request.set(TransferKernels.LENGTH + piece, n);
      MemorySegment.copy(
          source, from + done, stagingValues, ValueLayout.JAVA_FLOAT, 4L * staged, n);
      pieces++;
      staged += n;
      done += n;
    }
  }

  /** Whether a pending piece overlaps a range, so that their order matters. */
  private boolean isStaged(int offset, int length) {
    IntArray request = requests.get(Lowering.REQUEST);
    for (int i = 0; i < pieces; i++) {
      int piece = i * TransferKernels.PER_PIECE;
      int to = request.get(TransferKernels.TO + piece);
      if (to < offset + length && offset < to + request.get(TransferKernels.LENGTH + piece)) {
        return true;
      }
    }
    return false;
  }

  /** Sends pending pieces to the device; returns whether there were any. */
  private boolean flush() {
    if (last != null && pieces == 0) {
      return false;
    }
    requests.get(Lowering.REQUEST).set(TransferKernels.PIECES, pieces);
    execute(Lowering.WRITE);
    pieces = 0;
    staged = 0;
    return true;
  }

  @Override
  public void read(int offset, float[] target, int from, int length) {
    flush();
    int end = (offset + length + PAGE - 1) / PAGE;
    for (int page = fetched.nextClearBit(offset / PAGE); page < end; ) {
      int next = fetched.nextSetBit(page);
      int to = next < 0 || next > end ? end : next;
      fetch(page * PAGE, (int) Math.min((long) to * PAGE, arenaValues.byteSize() / 4));
      fetched.set(page, to);
      page = fetched.nextClearBit(to);
    }
    MemorySegment.copy(arenaValues, ValueLayout.JAVA_FLOAT, 4L * offset, target, from, length);
  }

  private void fetch(int from, int to) {
    last.transferToHost(new DataRange(arena).withOffset(from).withSize(to - from));
  }

  @Override
  public void run(Program program) {
    List<Integer> indices = graphsOf(program);
    flush();
    for (int graph : indices) {
      execute(graph);
      announce(program, graph);
    }
    if (indices.isEmpty()) {
      single(program);
    }
  }

  /** The first time that a graph runs its kernels are compiled, which can take a while. */
  private void announce(Program program, int graph) {
    if (announced.get(graph)) {
      return;
    }
    announced.set(graph);
    List<Integer> indices = graphsOf(program);
    options.listener().preparing("compiling kernels", indices.indexOf(graph) + 1, indices.size());
  }

  @Override
  public Engine.Measurement measure(Program program) {
    if (!options.measure()) {
      throw new IllegalStateException("The device was opened without measurements");
    }
    List<Integer> indices = graphsOf(program);
    TaskTimes times = new TaskTimes(chosen.get(program).program().calls().size());
    // Not before, because TornadoVM keeps every profile that it makes.
    plan.withProfiler(ProfilerMode.SILENT);
    try {
      long start = System.nanoTime();
      if (flush()) {
        add(times, List.of());
      }
      for (int graph : indices) {
        execute(graph);
        add(times, lowering.graphs().get(graph).tasks());
        announce(program, graph);
      }
      if (indices.isEmpty()) {
        int graph = single(program);
        add(times, lowering.graphs().get(graph).tasks());
      }
      return chosen.get(program).ofOriginal(times.measurement(System.nanoTime() - start));
    } finally {
      plan.withoutProfiler();
    }
  }

  /** Adds the times of the last execution. */
  private void add(TaskTimes times, List<Lowering.Task> tasks) {
    TornadoProfilerResult profile = last.getProfilerResult();
    times.add(
        profile.getProfileLog(), tasks, profile.getCompileTime(), profile.getDataTransfersTime());
  }

  /** Runs a program of one call in its kernel's own graph; returns the index of that graph. */
  private int single(Program program) {
    Call call = chosen.get(program).program().calls().getFirst();
    IntArray request = requests.get(Lowering.request(call.kernel()));
    for (int i = 0; i < call.descriptor().length; i++) {
      request.set(i, call.descriptor()[i]);
    }
    int graph = lowering.single().get(call.kernel());
    execute(graph);
    return graph;
  }

  private List<Integer> graphsOf(Program program) {
    List<Integer> indices = graphs.get(program);
    if (indices == null) {
      throw new IllegalArgumentException(
          "The program " + program.name() + " was not opened with this session");
    }
    return indices;
  }

  private void execute(int graph) {
    fetched.clear();
    try {
      last = plan.withGraph(graph).execute();
    } catch (RuntimeException e) {
      throw new IllegalStateException(
          "%s failed on %s: %s"
              .formatted(lowering.graphs().get(graph).tasks().getFirst().id(), device.id(), e),
          e);
    }
  }

  @Override
  public void close() {
    try {
      plan.withAllGraphs();
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException("Closing a plan on " + device.id(), e);
    }
  }
}
