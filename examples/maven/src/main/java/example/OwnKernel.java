package example;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Program;
import java.util.Arrays;
import java.util.List;

/** Runs {@link Doubling} on three floats. */
final class OwnKernel {
  public static void main(String[] arguments) {
    float[] values = {1, 2, 3};
    Program.Range range = new Program.Range(16, values.length);
    int[] descriptor = {range.offset(), range.length()};
    Call call = new Call(Kernel.of(Doubling.class, "twice"), descriptor, range.length(), 3, 24);
    Program program =
        new Program("own", List.of(call), List.of("twice"), List.of(range), List.of(range));
    try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT);
        Engine.Session session = engine.open(32, List.of(program))) {
      session.write(range.offset(), values, 0, range.length());
      session.run(program);
      session.read(range.offset(), values, 0, range.length());
    }
    System.out.println(Arrays.toString(values));
  }
}
