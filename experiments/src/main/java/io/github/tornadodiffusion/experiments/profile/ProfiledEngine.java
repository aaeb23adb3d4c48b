package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An engine that passes every program on to another one and measures some of its runs: the first
 * ones, then fewer and fewer, because TornadoVM keeps every profile that it makes.
 */
final class ProfiledEngine extends RelayEngine {
  /** The number of first runs that are all measured. */
  private static final int ALL = 20;

  private final Profile profile;
  private final Map<String, Integer> runs = new HashMap<>();

  ProfiledEngine(Engine engine, Profile profile) {
    super(engine);
    this.profile = profile;
  }

  @Override
  public Session open(int floats, List<Program> programs) {
    return new ProfiledSession(engine.open(floats, programs));
  }

  /** Whether a run, counted from 1, is measured: of n runs, about 20 log2(n) are. */
  private static boolean isMeasured(int run) {
    int interval = Integer.highestOneBit(Math.max(1, run / ALL));
    return run % interval == 0;
  }

  private final class ProfiledSession implements Session {
    private final Session session;

    ProfiledSession(Session session) {
      this.session = session;
    }

    @Override
    public void write(int offset, float[] source, int from, int length) {
      long start = System.nanoTime();
      session.write(offset, source, from, length);
      profile.addReadOrWrite(System.nanoTime() - start);
    }

    @Override
    public void read(int offset, float[] target, int from, int length) {
      long start = System.nanoTime();
      session.read(offset, target, from, length);
      profile.addReadOrWrite(System.nanoTime() - start);
    }

    @Override
    public void run(Program program) {
      int run = runs.merge(program.name(), 1, Integer::sum);
      if (run == 1) {
        profile.addFirst(program, session.measure(program));
      } else if (isMeasured(run)) {
        measure(program);
      } else {
        session.run(program);
      }
    }

    @Override
    public Measurement measure(Program program) {
      Measurement measurement = session.measure(program);
      profile.add(program, measurement);
      return measurement;
    }

    @Override
    public void close() {
      session.close();
    }
  }
}
