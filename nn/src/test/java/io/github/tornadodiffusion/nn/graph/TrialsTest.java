package io.github.tornadodiffusion.nn.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TrialsTest {
  private static final int SIZE = 16;

  /** The jvm engine, with an eye on what it is asked to prove and to run. */
  private static final class Watching implements Engine {
    private final Engine engine = new JvmEngine(1);
    private final List<Trial> trials = new ArrayList<>();
    private final Set<Kernel> kernels = new HashSet<>();

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
      programs.forEach(p -> p.calls().forEach(c -> kernels.add(c.kernel())));
      return engine.open(floats, programs);
    }

    @Override
    public void prove(Supplier<List<Trial>> wanted) {
      trials.addAll(wanted.get());
    }

    @Override
    public void close() {
      engine.close();
    }
  }

  private static UNet2DConfig config() {
    return UNet2DConfig.builder()
        .sampleSize(UNet2DConfig.SampleSize.square(SIZE))
        .inChannels(3)
        .outChannels(3)
        .blockOutChannels(List.of(8, 24))
        .downBlockTypes(List.of("DownBlock2D", "AttnDownBlock2D"))
        .upBlockTypes(List.of("AttnUpBlock2D", "UpBlock2D"))
        .layersPerBlock(1)
        .normNumGroups(4)
        .numClassEmbeds(3)
        .build();
  }

  private static Watching watch(int batch) {
    Watching engine = new Watching();
    var parameters =
        Initialisation.pytorchDefault(new UNet2DModel(config()).parameters().specs(), 1);
    UNets.inference(engine, config(), parameters, batch, SIZE, SIZE).close();
    UNets.gradients(engine, config(), parameters, batch, SIZE, SIZE).close();
    UNet2DConfig variance = config().toBuilder().outChannels(6).build();
    var more = Initialisation.pytorchDefault(new UNet2DModel(variance).parameters().specs(), 1);
    for (boolean accumulate : new boolean[] {false, true}) {
      UNets.Options options = new UNets.Options(batch, SIZE, SIZE, true, accumulate, false);
      UNets.training(engine, config(), parameters, options).close();
      UNets.training(engine, variance, more, options).close();
    }
    return engine;
  }

  private static Set<Kernel> kernels(List<Trial> trials) {
    return trials.stream()
        .map(Trial::calls)
        .flatMap(Collection::stream)
        .map(Call::kernel)
        .collect(Collectors.toSet());
  }

  @Test
  void everyKernelOfEveryProgramIsTried() {
    try (Watching engine = watch(3)) {
      assertEquals(engine.kernels, kernels(engine.trials));
      assertTrue(engine.kernels.size() > 30, "kernels");
    }
  }

  /** Arenas are exactly as long as what their calls touch: the jvm engine checks every index. */
  @Test
  void trialsStayInsideTheirArenasAndComputeNumbers() {
    try (Watching engine = watch(2)) {
      for (Trial trial : engine.trials) {
        Program program =
            new Program(
                "trial",
                trial.calls(),
                trial.calls().stream().map(c -> trial.label()).toList(),
                List.of(),
                List.of());
        float[] before = trial.content().get();
        float[] after = new float[trial.floats()];
        try (Engine.Session session = engine.engine.open(trial.floats(), List.of(program))) {
          session.write(0, before, 0, before.length);
          session.run(program);
          session.read(0, after, 0, after.length);
        }
        int changed = 0;
        int finite = 0;
        for (int i = 0; i < after.length; i++) {
          changed += after[i] != before[i] ? 1 : 0;
          finite += after[i] != before[i] && Float.isFinite(after[i]) ? 1 : 0;
        }
        assertTrue(changed > 0, trial.label() + " changes nothing");
        assertTrue(finite > changed / 4, trial.label() + ": " + finite + " of " + changed);
      }
    }
  }

  @Test
  void trialsAreSmallHoweverLargeTheBatch() {
    try (Watching few = watch(2);
        Watching many = watch(64)) {
      assertEquals(
          few.trials.stream().mapToInt(Trial::floats).sum(),
          many.trials.stream().mapToInt(Trial::floats).sum());
    }
  }
}
