package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.check.CallCheck;
import io.github.tornadodiffusion.kernels.check.PagedArena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An engine that passes every program on to another one and can observe it: it times the calls, or
 * compares samples of what they write with oracles. So what it checks is the same computation that
 * was timed, on the same numbers.
 */
public final class ProbeEngine extends RelayEngine {
  /** How a program is run. */
  public enum Mode {
    /** As on the other engine. */
    RUN,
    /** Call by call, adding up the time that each one takes. */
    PROFILE,
    /** Call by call, comparing one call of every shape with its oracle. */
    CHECK
  }

  private final Profile profile;
  private final Set<String> begun = new HashSet<>();
  private final Map<KernelShape, KernelFigures> figures = new LinkedHashMap<>();
  private Mode mode = Mode.RUN;

  /**
   * An engine around another one.
   *
   * @param profile where measured runs go
   */
  public ProbeEngine(Engine engine, Profile profile) {
    super(engine);
    this.profile = profile;
  }

  /** How programs run from now on. */
  public void mode(Mode newMode) {
    mode = newMode;
  }

  /** The measurements of every kernel and shape so far, in the order of their first calls. */
  public List<KernelFigures> figures() {
    return List.copyOf(figures.values());
  }

  /** The largest error of all checks, see {@link CallCheck#error}; NaN before a check. */
  public double maxError() {
    return figures.values().stream()
        .mapToDouble(KernelFigures::error)
        .filter(error -> !Double.isNaN(error))
        .max()
        .orElse(Double.NaN);
  }

  @Override
  public Session open(int floats, List<Program> programs) {
    Map<Program, List<Program>> parts = new IdentityHashMap<>();
    List<Program> all = new ArrayList<>(programs);
    for (Program program : programs) {
      List<Program> calls = new ArrayList<>();
      for (int i = 0; i < program.calls().size(); i++) {
        String label = program.labels().get(i);
        calls.add(
            new Program(
                label, List.of(program.calls().get(i)), List.of(label), List.of(), List.of()));
      }
      parts.put(program, calls);
      all.addAll(calls);
    }
    return new ProbeSession(engine.open(floats, all), floats, parts);
  }

  private KernelFigures figuresOf(Call call) {
    return figures.computeIfAbsent(KernelShape.of(call), KernelFigures::new);
  }

  private final class ProbeSession implements Session {
    private final Session session;
    private final int floats;
    private final Map<Program, List<Program>> parts;

    ProbeSession(Session session, int floats, Map<Program, List<Program>> parts) {
      this.session = session;
      this.floats = floats;
      this.parts = parts;
    }

    @Override
    public void write(int offset, float[] source, int from, int length) {
      session.write(offset, source, from, length);
    }

    @Override
    public void read(int offset, float[] target, int from, int length) {
      session.read(offset, target, from, length);
    }

    @Override
    public void run(Program program) {
      switch (mode) {
        case RUN -> {
          session.run(program);
          begun.add(program.name());
        }
        case PROFILE -> {
          Measurement measurement = measure(program);
          for (int i = 0; i < measurement.calls().length; i++) {
            figuresOf(program.calls().get(i)).addTime(measurement.calls()[i]);
          }
          figures.values().forEach(KernelFigures::endRun);
        }
        case CHECK -> check(program);
      }
    }

    @Override
    public Measurement measure(Program program) {
      Measurement measurement = session.measure(program);
      if (begun.add(program.name())) {
        profile.addFirst(program, measurement);
      } else {
        profile.add(program, measurement);
      }
      return measurement;
    }

    @Override
    public void close() {
      session.close();
    }

    private void check(Program program) {
      for (Program part : parts.get(program)) {
        Call call = part.calls().getFirst();
        KernelFigures kernel = figuresOf(call);
        if (kernel.isChecked()) {
          session.run(part);
        } else {
          kernel.check(call, () -> new PagedArena(session, floats), () -> session.run(part));
        }
      }
    }
  }
}
