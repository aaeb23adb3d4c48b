package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.List;

/** The jvm engine, but every call that runs alone writes its last element wrong. */
public final class WrongEngine implements Engine {
  private final Engine engine = new JvmEngine(1);

  @Override
  public String device() {
    return engine.device();
  }

  @Override
  public Variants variants() {
    return engine.variants();
  }

  @Override
  public Session open(int floats, List<Program> programs) {
    Session session = engine.open(floats, programs);
    return new Session() {
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
        if (program.calls().size() == 1) {
          spoil(session, program.calls().getFirst());
        }
      }

      @Override
      public Measurement measure(Program program) {
        return session.measure(program);
      }

      @Override
      public void close() {
        session.close();
      }
    };
  }

  private static void spoil(Session session, Call call) {
    CallOracle.Region region = call.expect().regions().getFirst();
    session.write(region.index().applyAsInt(region.count() - 1), new float[] {12345}, 0, 1);
  }

  @Override
  public void close() {
    engine.close();
  }
}
