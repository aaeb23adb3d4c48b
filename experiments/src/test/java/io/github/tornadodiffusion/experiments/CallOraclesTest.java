package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.BetaSchedule;
import io.github.tornadodiffusion.diffusion.PredictionType;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.JvmEngine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.nn.Initialisation;
import io.github.tornadodiffusion.nn.LearningRateSchedule;
import io.github.tornadodiffusion.nn.UNet2DConfig;
import io.github.tornadodiffusion.nn.UNet2DConfigBuilder;
import io.github.tornadodiffusion.nn.UNet2DModel;
import io.github.tornadodiffusion.nn.UNetGradients;
import io.github.tornadodiffusion.nn.UNetTraining;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class CallOraclesTest {
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
    public Session open(int floats, List<Program> programs) {
      programs.forEach(program -> program.calls().forEach(call -> kernels.add(call.kernel().id())));
      return new Relay(null) {
        @Override
        public void write(int offset, float[] source, int from, int length) {}

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
      for (CallOracle.Region region : CallOracles.of(call).regions()) {
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
    public void profile(Program program, long[] nanos) {
      session.profile(program, nanos);
    }

    @Override
    public void close() {
      session.close();
    }
  }

  /** Models that between them use everything a UNet can be made of, in odd sizes. */
  private static List<UNet2DConfig> models() {
    UNet2DConfig everything =
        small()
            .blockOutChannels(20, 40)
            .downBlockTypes("AttnDownBlock2D", "DownBlock2D")
            .upBlockTypes("UpBlock2D", "AttnUpBlock2D")
            .normNumGroups(4)
            .attentionHeadDim(8)
            .resnetTimeScaleShift("scale_shift")
            .numClassEmbeds(3)
            .downsampleType("resnet")
            .upsampleType("resnet")
            .centerInputSample(true)
            .build();
    UNet2DConfig plain =
        small()
            .blockOutChannels(16, 32)
            .downBlockTypes("DownBlock2D", "AttnDownBlock2D")
            .upBlockTypes("AttnUpBlock2D", "UpBlock2D")
            .normNumGroups(8)
            .build();
    UNet2DConfig skips =
        small()
            .blockOutChannels(20, 12)
            .downBlockTypes("SkipDownBlock2D", "SkipDownBlock2D")
            .upBlockTypes("SkipUpBlock2D", "SkipUpBlock2D")
            .normNumGroups(null)
            .actFn("relu")
            .build();
    UNet2DConfig gelu = plain.toBuilder().actFn("gelu").build();
    UNet2DConfig mish = plain.toBuilder().actFn("mish").build();
    return List.of(everything, plain, skips, gelu, mish);
  }

  private static UNet2DConfigBuilder small() {
    return UNet2DConfig.builder().sampleSize(12).layersPerBlock(1);
  }

  private static Preset preset(UNet2DConfig model) {
    return new Preset(
        "test",
        "digits",
        model,
        BetaSchedule.LINEAR,
        PredictionType.V_PREDICTION,
        1000,
        new Preset.Recipe(2, 1, 0, 1e-3, LearningRateSchedule.Kind.CONSTANT, 0, 0.9, 1, false));
  }

  private static float[] waves(int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) Math.sin(i * i);
    }
    return values;
  }

  private static void runGradients(Engine engine, UNet2DConfig model) {
    int side = model.sampleSize().height();
    float[] sample = waves(model.inChannels() * side * side);
    float[] target = waves(model.outChannels() * side * side);
    var parameters = Initialisation.pytorchDefault(new UNet2DModel(model).parameters(), 1);
    int[] labels = model.numClassEmbeds() == null ? null : new int[1];
    try (UNetGradients gradients = UNetGradients.open(engine, model, parameters, 1, side, side)) {
      gradients.run(sample, new float[] {500}, labels, target);
    }
  }

  /** A step of two calls on parts of a larger batch, whose images count differently. */
  private static void runAccumulating(Engine engine, UNet2DConfig model) {
    int side = model.sampleSize().height();
    var parameters = Initialisation.pytorchDefault(new UNet2DModel(model).parameters(), 1);
    float[] images = waves(2 * model.inChannels() * side * side);
    float[] half = {0.5f, 0.7f};
    try (UNetTraining training =
        UNetTraining.open(
            engine,
            model,
            parameters,
            new UNetTraining.Options(2, side, side, false, true, false))) {
      for (boolean update : new boolean[] {false, true}) {
        training.step(
            new UNetTraining.StepInput(
                images,
                new float[] {500, 7},
                model.numClassEmbeds() == null ? null : new int[] {0, 2},
                half,
                half,
                half,
                half,
                new UNetTraining.NoiseSource.Drawn(1L << 40 | 5, 3, 12345),
                new float[] {1.5f, 0.25f},
                update,
                new UNetTraining.Hyperparameters(1e-3f, 0.9f, 0.999f, 1e-8f, 1e-2f, 1, 1, 0)));
      }
    }
  }

  private static void openAll(Engine engine, Preset preset) {
    Workload.of("train-step", engine, preset, 2).close();
    Workload.of("forward", engine, preset, 2).close();
    UNet2DConfig model = preset.model();
    int side = model.sampleSize().height();
    var parameters = Initialisation.pytorchDefault(new UNet2DModel(model).parameters(), 1);
    UNetGradients.open(engine, model, parameters, 2, side, side).close();
    UNetTraining.Options accumulating = new UNetTraining.Options(2, side, side, true, true, false);
    UNetTraining.open(engine, model, parameters, accumulating).close();
  }

  @Test
  void everyKernelHasAnOracle() {
    KernelNames names = new KernelNames();
    Presets.all().forEach(preset -> openAll(names, preset));
    models().forEach(model -> openAll(names, preset(model)));
    assertEquals(CallOracles.kernels(), names.kernels);
  }

  @Test
  void everyKernelIsCorrectAndEveryWrongElementIsFound() {
    Set<String> checked = new HashSet<>();
    for (UNet2DConfig model : models()) {
      Sabotage sabotage = new Sabotage();
      try (ProbeEngine probe = new ProbeEngine(sabotage);
          Workload workload = Workload.of("train-step", probe, preset(model), 3)) {
        workload.run().run();
        probe.mode(ProbeEngine.Mode.CHECK);
        workload.run().run();
        runGradients(probe, model);
        runAccumulating(probe, model);
        assertTrue(probe.maxError() < CORRECT, "error " + probe.maxError());
      }
      sabotage.errors.forEach(
          (kernel, error) -> assertTrue(error < CORRECT, kernel + " is wrong by " + error));
      sabotage.sabotaged.forEach(
          (kernel, error) -> assertTrue(error > WRONG, kernel + " wrong, but only by " + error));
      checked.addAll(sabotage.sabotaged.keySet());
    }
    assertEquals(CallOracles.kernels(), checked);
  }
}
