package io.github.tornadodiffusion.experiments.oracles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.OwnKernels;
import io.github.tornadodiffusion.experiments.bench.KernelSuite;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.experiments.profile.KernelShape;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.check.CallCheck;
import io.github.tornadodiffusion.kernels.check.PagedArena;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class KernelOraclesTest {
  private static final double CORRECT = 1e-4;
  private static final double WRONG = 0.5;

  /** Names every kernel of the programs that it is asked to run, and runs none. */
  private static final class KernelNames implements Engine {
    final Set<String> kernels = new HashSet<>();

    @Override
    public String device() {
      return "none";
    }

    @Override
    public Variants variants() {
      return Variants.LANES;
    }

    @Override
    public Session open(int floats, List<Program> programs) {
      programs.forEach(program -> program.calls().forEach(call -> kernels.add(call.kernel().id())));
      return new Relay(null) {
        @Override
        public void write(int offset, float[] source, int from, int length) {}

        @Override
        public void read(int offset, float[] target, int from, int length) {}

        @Override
        public void run(Program program) {}

        @Override
        public void close() {}
      };
    }

    @Override
    public void close() {}
  }

  /**
   * Checks every kernel and shape once as it is, and once more for each region that it writes with
   * one element of it changed.
   */
  private static final class Sabotage implements Engine {
    private final Engine engine = new JvmEngine(2);
    final TreeMap<String, Double> errors = new TreeMap<>();
    final TreeMap<String, Double> sabotaged = new TreeMap<>();
    private final Set<KernelShape> seen = new HashSet<>();

    @Override
    public String device() {
      return engine.device();
    }

    @Override
    public Variants variants() {
      return Variants.LANES;
    }

    @Override
    public Session open(int floats, List<Program> programs) {
      return new Relay(engine.open(floats, programs)) {
        @Override
        public void run(Program program) {
          if (program.calls().size() > 1 || !seen.add(KernelShape.of(program.calls().getFirst()))) {
            super.run(program);
          } else {
            check(this, floats, program, () -> super.run(program));
          }
        }
      };
    }

    private void check(Session session, int floats, Program program, Runnable run) {
      Call call = program.calls().getFirst();
      String kernel = call.kernel().id();
      CallCheck check = new CallCheck(call, new PagedArena(session, floats));
      run.run();
      errors.merge(kernel, check.error(new PagedArena(session, floats)), Math::max);
      for (CallOracle.Region region : call.expect().regions()) {
        int last = region.index().applyAsInt(region.count() - 1);
        float[] value = new float[1];
        session.read(last, value, 0, 1);
        // Far away from everything else in the region.
        session.write(last, new float[] {1000 * Math.max(1, Math.abs(value[0]))}, 0, 1);
        sabotaged.merge(kernel, check.error(new PagedArena(session, floats)), Math::min);
        session.write(last, value, 0, 1);
      }
    }

    @Override
    public void close() {
      engine.close();
    }
  }

  /** Hands everything on. */
  private static class Relay implements Engine.Session {
    private final Engine.Session session;

    Relay(Engine.Session session) {
      this.session = session;
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
      session.run(program);
    }

    @Override
    public Engine.Measurement measure(Program program) {
      return session.measure(program);
    }

    @Override
    public void close() {
      session.close();
    }
  }

  @Test
  void everyKernelHasAnOracle() {
    KernelNames names = new KernelNames();
    for (Preset preset : Presets.all()) {
      Workload.of("train-step", names, preset, 2).close();
      Workload.of("forward", names, preset, 2).close();
    }
    KernelSuite.run(names);
    assertEquals(OwnKernels.ids(), names.kernels);
  }

  @Test
  void everyKernelIsCorrectAndEveryWrongElementIsFound() {
    Sabotage sabotage = new Sabotage();
    try (ProbeEngine probe = new ProbeEngine(sabotage, new Profile())) {
      KernelSuite.run(probe);
      probe.mode(ProbeEngine.Mode.CHECK);
      KernelSuite.run(probe);
      assertTrue(probe.maxError() < CORRECT, "error " + probe.maxError());
    }
    sabotage.errors.forEach(
        (kernel, error) -> assertTrue(error < CORRECT, kernel + " is wrong by " + error));
    sabotage.sabotaged.forEach(
        (kernel, error) -> assertTrue(error > WRONG, kernel + " wrong, but only by " + error));
    assertEquals(OwnKernels.ids(), sabotage.sabotaged.keySet());
  }
}
