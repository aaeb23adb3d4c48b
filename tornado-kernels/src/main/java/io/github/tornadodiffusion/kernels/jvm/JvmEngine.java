package io.github.tornadodiffusion.kernels.jvm;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.check.SelfCheck;
import java.lang.invoke.MethodHandle;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Runs programs on the cores of this machine. The calls of a program run one after another; the
 * iterations of a call are handed out in small parts to the calling thread and the workers. Which
 * worker takes which part has no influence on the result.
 */
public final class JvmEngine implements Engine {
  /** Parts per worker: enough that one slow worker does not hold up the others. */
  private static final int PARTS = 8;

  /**
   * How long an idle worker spins before it parks: longer than the gap between two calls of a
   * program.
   */
  private static final long SPIN_NANOS = 50_000;

  /** A call below this many operations and bytes costs less than waking a worker. */
  private static final double SMALL = 60_000;

  private final String device;
  private final KernelLoader loader;
  private final SelfCheck selfCheck;
  private final Variants variants;
  private final Variants chooser;
  private final Worker[] workers;
  private volatile Job job;
  private volatile boolean closed;
  private Supplier<List<Trial>> trials;

  /** An engine that uses every core. */
  public JvmEngine() {
    this(Runtime.getRuntime().availableProcessors());
  }

  /**
   * @param threads how many threads compute, the calling one included; the result does not depend
   *     on it
   */
  public JvmEngine(int threads) {
    this("jvm", threads, EngineOptions.DEFAULT, false);
  }

  /** An engine with the given options. */
  JvmEngine(EngineOptions options) {
    this("jvm", options.threads(), options, false);
  }

  private JvmEngine(String device, int threads, EngineOptions options, boolean scalar) {
    this.device = device;
    loader = new KernelLoader(scalar);
    variants =
        options.variants().equals(Variants.AUTO)
            ? Variants.LANES
            : options.variants().with(Capability.VECTORS);
    chooser = options.convolution().in(variants, true);
    selfCheck = options.selfCheck() ? new SelfCheck(this, null, options.listener()) : null;
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + ": at least 1");
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker("kernels-" + i);
      workers[i].start();
    }
  }

  /**
   * An engine named {@code java} that runs the same kernels on one thread without vectors: their
   * vectors have one lane, a plain float. It serves as a comparison.
   */
  public static JvmEngine scalar() {
    return new JvmEngine("java", 1, EngineOptions.DEFAULT, true);
  }

  @Override
  public String device() {
    return device;
  }

  @Override
  public Variants variants() {
    return variants;
  }

  /** Threads that compute, the calling one included. */
  public int threads() {
    return workers.length + 1;
  }

  @Override
  public void prove(Supplier<List<Trial>> newTrials) {
    trials = newTrials;
  }

  @Override
  public Session open(int floats, List<Program> programs) {
    if (selfCheck != null && trials != null && programs.stream().anyMatch(SelfCheck::isForeign)) {
      Supplier<List<Trial>> untried = trials;
      trials = null; // the check opens sessions itself
      selfCheck.prove(untried.get());
    }
    return new HostSession(floats, programs);
  }

  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  private void run(MethodHandle kernel, HostFloatArray arena, Call call) {
    if (workers.length == 0 || call.extent() < 2 || call.flops() + call.bytes() < SMALL) {
      invoke(kernel, arena, new HostIntArray(call.descriptor(), 0, Integer.MAX_VALUE));
      return;
    }
    Job next = new Job(kernel, arena, call, (workers.length + 1) * PARTS);
    job = next;
    for (Worker worker : workers) {
      if (worker.parked) {
        LockSupport.unpark(worker);
      }
    }
    next.work();
    next.await();
  }

  private static void invoke(MethodHandle kernel, HostFloatArray arena, HostIntArray descriptor) {
    try {
      kernel.invokeExact(arena, descriptor);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** One call that several threads work on. */
  private static final class Job {
    private final MethodHandle kernel;
    private final HostFloatArray arena;
    private final int[] descriptor;
    private final int extent;
    private final int parts;
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private volatile Throwable failure;

    Job(MethodHandle kernel, HostFloatArray arena, Call call, int parts) {
      this.kernel = kernel;
      this.arena = arena;
      this.descriptor = call.descriptor();
      this.extent = call.extent();
      this.parts = Math.min(parts, call.extent());
    }

    void work() {
      for (int part = taken.getAndIncrement(); part < parts; part = taken.getAndIncrement()) {
        int from = (int) ((long) extent * part / parts);
        // The last part runs to the loop's own bound, so a wrong extent can cost time but never
        // results.
        int to = part == parts - 1 ? Integer.MAX_VALUE : (int) ((long) extent * (part + 1) / parts);
        try {
          invoke(kernel, arena, new HostIntArray(descriptor, from, to));
        } catch (Throwable e) {
          failure = e;
        } finally {
          done.incrementAndGet();
        }
      }
    }

    boolean isTaken() {
      return taken.get() >= parts;
    }

    void await() {
      while (done.get() < parts) {
        Thread.onSpinWait();
      }
      if (failure != null) {
        throw new IllegalStateException("A kernel failed", failure);
      }
    }
  }

  private final class Worker extends Thread {
    volatile boolean parked;

    Worker(String name) {
      super(name);
      setDaemon(true);
    }

    @Override
    public void run() {
      long idleSince = System.nanoTime();
      while (!closed) {
        Job current = job;
        if (current != null && !current.isTaken()) {
          current.work();
          idleSince = System.nanoTime();
        } else if (System.nanoTime() - idleSince < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          parked = true;
          current = job;
          if ((current == null || current.isTaken()) && !closed) {
            LockSupport.park(this);
          }
          parked = false;
          idleSince = System.nanoTime();
        }
      }
    }
  }

  /** The calls of a program after the choice of variants, and their kernels. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares it
  private record Loaded(Variants.ChosenProgram chosen, MethodHandle[] handles) {
    Call call(int i) {
      return chosen.program().calls().get(i);
    }
  }

  private final class HostSession implements Session {
    private final HostFloatArray arena;
    private final Map<Program, Loaded> loaded = new IdentityHashMap<>();

    HostSession(int floats, List<Program> programs) {
      arena = new HostFloatArray(new float[Math.addExact(floats, chooser.scratch(programs))]);
      for (Program program : programs) {
        Variants.ChosenProgram chosen = chooser.of(program, floats);
        loaded.put(
            program,
            new Loaded(
                chosen,
                chosen.program().calls().stream()
                    .map(c -> loader.load(c.kernel()))
                    .toArray(MethodHandle[]::new)));
      }
    }

    @Override
    public void write(int offset, float[] source, int from, int length) {
      System.arraycopy(source, from, arena.values, offset, length);
    }

    @Override
    public void read(int offset, float[] target, int from, int length) {
      System.arraycopy(arena.values, offset, target, from, length);
    }

    @Override
    public void run(Program program) {
      Loaded code = loaded(program);
      for (int i = 0; i < code.handles.length; i++) {
        JvmEngine.this.run(code.handles[i], arena, code.call(i));
      }
    }

    @Override
    public Measurement measure(Program program) {
      Loaded code = loaded(program);
      long[] nanos = new long[code.handles.length];
      long begin = System.nanoTime();
      for (int i = 0; i < nanos.length; i++) {
        long start = System.nanoTime();
        JvmEngine.this.run(code.handles[i], arena, code.call(i));
        nanos[i] = System.nanoTime() - start;
      }
      return code.chosen.ofOriginal(
          new Measurement(nanos, 0, 0, System.nanoTime() - begin, Double.NaN));
    }

    private Loaded loaded(Program program) {
      Loaded code = loaded.get(program);
      if (code == null) {
        throw new IllegalArgumentException(
            "The program " + program.name() + " was not opened with this session");
      }
      return code;
    }

    @Override
    public void close() {
      loaded.clear();
    }
  }
}
