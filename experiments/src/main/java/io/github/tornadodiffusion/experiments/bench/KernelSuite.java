package io.github.tornadodiffusion.experiments.bench;

import io.github.tornadodiffusion.diffusion.sampling.DeviceSampling;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.peak.Peak;
import io.github.tornadodiffusion.kernels.ops.product.MatMul;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.layers.Geglu;
import io.github.tornadodiffusion.nn.layers.LayerNorm;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.models.autoencoder.Reconstruction;
import io.github.tornadodiffusion.nn.models.classifier.Classifier;
import io.github.tornadodiffusion.nn.models.classifier.ClassifierConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfigBuilder;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.operations.EndTokenOperation;
import io.github.tornadodiffusion.nn.programs.GradientCheck;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Denoising;
import io.github.tornadodiffusion.nn.training.Initialisation;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Small programs that together launch every kernel, in odd sizes: models with everything that a
 * UNet can contain, which are trained, differentiated and trained in parts of a batch, and the
 * operations that no UNet needs.
 */
public final class KernelSuite {
  private static final int BATCH = 3;
  private static final AdamW ADAM_W = new AdamW(1e-3f);

  private KernelSuite() {}

  /** Runs everything once. */
  public static void run(Engine engine) {
    for (UNet2DConfig model : models()) {
      try (Workload workload = Workload.of("train-step", engine, preset(model), BATCH)) {
        workload.run().run();
      }
      gradients(engine, model);
      accumulation(engine, model, null);
      sampling(engine, model, VarianceType.FIXED_SMALL);
    }
    accumulation(
        engine,
        models().getLast().toBuilder().outChannels(6).build(),
        new Denoising.Variance(
            new float[] {0.4f, 0.9f},
            new float[] {0.2f, 0.7f},
            new float[] {0, 0.5f},
            new float[] {0.7f, 1.1f}));
    for (VarianceType variance : List.of(VarianceType.LEARNED, VarianceType.LEARNED_RANGE)) {
      sampling(engine, models().getLast().toBuilder().outChannels(6).build(), variance);
    }
    matrixProducts(engine);
    softmax(engine);
    classifier(engine);
    text(engine);
    autoencoder(engine);
    peak(engine);
  }

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
            .dropout(0.1)
            .build();
    Stream<UNet2DConfig> activations =
        Activation.names().stream().map(name -> plain.toBuilder().actFn(name).build());
    return Stream.concat(Stream.of(everything, skips), activations).toList();
  }

  private static UNet2DConfigBuilder small() {
    return UNet2DConfig.builder().sampleSize(12).layersPerBlock(1);
  }

  private static Preset preset(UNet2DConfig model) {
    return new Preset(
        "kernels",
        "digits",
        model,
        BetaSchedule.LINEAR,
        PredictionType.V_PREDICTION,
        1000,
        new Preset.Recipe(
            BATCH, 1, 0, false, Optimization.constant(1e-3).withMaxGradNorm(1).withEmaDecay(0.9)));
  }

  private static Map<String, HostTensor> parameters(UNet2DConfig model) {
    return Initialisation.pytorchDefault(new UNet2DModel(model), 1);
  }

  private static BatchShape shape(UNet2DConfig model, int batch) {
    return new BatchShape(batch, model.sampleSize().height(), model.sampleSize().width());
  }

  private static float[] waves(int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) Math.sin(i * i);
    }
    return values;
  }

  private static void gradients(Engine engine, UNet2DConfig model) {
    int side = model.sampleSize().height();
    int[] labels = model.numClassEmbeds() == null ? null : new int[1];
    float[] sample = waves(model.inChannels() * side * side);
    Map<String, float[]> values =
        new HashMap<>(UNetInputs.of(sample, new float[] {500}, labels).values());
    values.put("target", waves(model.outChannels() * side * side));
    try (LossGradients gradients =
        LossGradients.record(
                Objective.meanSquaredError(new UNet2DModel(model), Model.SAMPLE), shape(model, 1))
            .open(engine, parameters(model))) {
      gradients.run(values);
    }
  }

  /** A step of two calls on parts of a larger batch, whose images have different weights. */
  private static void accumulation(Engine engine, UNet2DConfig model, Denoising.Variance variance) {
    int side = model.sampleSize().height();
    float[] images = waves(2 * model.inChannels() * side * side);
    float[] half = {0.5f, 0.7f};
    Denoising.Batch batch =
        new Denoising.Batch(
            images,
            new float[] {500, 7},
            model.numClassEmbeds() == null ? null : new int[] {0, 2},
            half,
            half,
            half,
            half,
            null,
            new float[] {1.5f, 0.25f},
            variance);
    Counter counter = new Counter(1L << 40 | 5, 3, 12345);
    try (Training training =
        Training.record(
                new Denoising(new UNet2DModel(model), false),
                shape(model, 2),
                new Training.Options(ADAM_W, Trainable.ALL, false, true))
            .open(engine, parameters(model))) {
      for (OptimizerStep update : new OptimizerStep[] {null, new OptimizerStep(ADAM_W, 1, 1, 0)}) {
        training.step(batch.values(), counter, update);
      }
    }
  }

  private static void classifier(Engine engine) {
    ClassifierConfig config = new ClassifierConfig(3, 9, 7, 5, 8, 11);
    Classifier model = new Classifier(config);
    Map<String, float[]> values =
        Map.of(Classifier.IMAGES, waves(BATCH * 3 * 9 * 7), "labels", new float[] {4, 0, 2});
    try (Training training =
        Training.record(
                Objective.crossEntropy(model, Classifier.LOGITS),
                BatchShape.of(BATCH),
                new Training.Options(ADAM_W))
            .open(engine, Initialisation.pytorchDefault(model, 1))) {
      training.step(values, null, new OptimizerStep(ADAM_W, 1, 1, 0));
    }
  }

  /** What the layers of text encoders and of transformers have besides. */
  private static void text(Engine engine) {
    int tokens = 5;
    int channels = 19;
    Scope scope = Scope.root();
    LayerNorm norm = new LayerNorm(scope.child("norm"), channels, 1e-5);
    Geglu geglu = new Geglu(scope.child("geglu"), channels, 13);
    Input states = Input.hiddenStates("states", BATCH, tokens, channels);
    float[] ids = {1, 8, 2, 3, 4, 8, 1, 2, 3, 4, 1, 2, 3, 4, 8};
    try (GradientCheck layers =
        GradientCheck.record(
                scope.parameters(),
                List.of(states),
                (graph, in) ->
                    EndTokenOperation.record(
                        graph,
                        "end",
                        geglu.apply(graph, norm.apply(graph, in.get("states"))),
                        graph.input(Input.tokenIds("ids", BATCH, tokens, 9)),
                        OptionalInt.empty()))
            .open(engine, GradientCheck.randomParameters(scope.parameters(), 1))) {
      layers.run(
          GradientCheck.randomParameters(scope.parameters(), 1),
          Map.of("states", waves(BATCH * tokens * channels), "ids", ids),
          waves(BATCH * 13));
    }
  }

  private static void autoencoder(Engine engine) {
    int latent = 3;
    int side = 6;
    AutoencoderKL model =
        new AutoencoderKL(
            new AutoencoderKLConfig(
                3,
                3,
                List.of(8, 12),
                1,
                "silu",
                latent,
                4,
                null,
                1,
                null,
                true,
                true,
                true,
                false));
    Map<String, float[]> values =
        Map.of(
            AutoencoderKL.IMAGES,
            waves(BATCH * 3 * side * side),
            AutoencoderKL.NOISE,
            waves(BATCH * latent * (side / 2) * (side / 2)));
    try (Training training =
        Training.record(
                new Reconstruction(model),
                new BatchShape(BATCH, side, side),
                new Training.Options(ADAM_W))
            .open(engine, Initialisation.pytorchDefault(model, 1))) {
      training.step(values, null, new OptimizerStep(ADAM_W, 1, 1, 0));
    }
  }

  /** A step with noise, and one with a sampler of many registers. */
  private static void sampling(Engine engine, UNet2DConfig model, VarianceType variance) {
    SchedulerConfig config = SchedulerConfig.of(1000, BetaSchedule.LINEAR, PredictionType.EPSILON);
    DDPMScheduler noisy = new DDPMScheduler(config, variance);
    List<Sampling> samplings =
        variance != VarianceType.FIXED_SMALL
            ? List.of(Sampling.of(noisy, 2))
            : List.of(
                Sampling.of(noisy, 2),
                Sampling.of(Schedulers.convert(noisy, "UniPCMultistepScheduler"), 4));
    int side = model.sampleSize().height();
    int[] labels = model.numClassEmbeds() == null ? null : new int[] {0, 2};
    for (Sampling sampling : samplings) {
      int free = DeviceSampling.free(sampling.registers());
      try (SampleRegisters registers =
          SampleRegisters.record(new UNet2DModel(model), shape(model, 2), free)
              .open(engine, parameters(model))) {
        new Pipeline(new DeviceSampling(registers), model.inChannels(), side, side)
            .sample(sampling, 2, 1L << 40 | 5, labels, Pipeline.Progress.NONE);
      }
    }
  }

  private static void matrixProducts(Engine engine) {
    for (boolean transposeA : new boolean[] {false, true}) {
      for (boolean transposeB : new boolean[] {false, true}) {
        int batch = 3;
        int m = 37;
        int n = 43;
        int k = 21;
        // Rows of a matrix are rows of a block's pixels.
        Block a = Block.of(16, batch, 1, transposeA ? k : m, transposeA ? m : k);
        Block b = Block.of(end(a), batch, 1, transposeB ? n : k, transposeB ? k : n);
        Block c = Block.of(end(b), batch, 1, m, n);
        int scratch = end(c);
        run(
            engine,
            scratch + MatMul.scratch(batch, n, k),
            List.of(a, b),
            MatMul.multiply(
                batch,
                m,
                n,
                k,
                a.offset(),
                transposeA,
                b.offset(),
                transposeB,
                c.offset(),
                scratch));
      }
    }
  }

  private static void softmax(Engine engine) {
    Block x = Block.of(16, BATCH, 3, 5, 39);
    Block y = x.at(end(x));
    Block gradY = x.at(end(y));
    Block gradX = x.at(end(gradY));
    run(
        engine,
        end(gradX),
        List.of(x, gradY),
        List.of(
            Elementwise.softmax(x, y),
            Elementwise.softmaxBackward(y, gradY, gradX, false),
            Elementwise.softmaxBackward(y, gradY, gradX, true)));
  }

  private static void peak(Engine engine) {
    int rows = 5;
    Block constants = Block.of(16, 1, 1, 1, 16);
    Block x = Block.of(end(constants), 1, 1, rows, Peak.ROW);
    Block y = x.at(end(x));
    // Waves are 0.84 and -0.76 there: factor and term.
    int factor = constants.offset() + 1;
    run(
        engine,
        end(y),
        List.of(constants, x),
        List.of(Peak.multiplyAdd(rows, 21, factor, factor + 1, x.offset(), y.offset())));
  }

  private static int end(Block block) {
    return block.offset() + block.size();
  }

  private static void run(Engine engine, int floats, List<Block> inputs, List<Call> calls) {
    List<Program.Range> ranges =
        inputs.stream().map(block -> new Program.Range(block.offset(), block.size())).toList();
    List<String> labels = calls.stream().map(call -> call.kernel().id()).toList();
    Program program = new Program("operations", calls, labels, ranges, List.of());
    try (Engine.Session session = engine.open(floats, List.of(program))) {
      for (Block block : inputs) {
        session.write(block.offset(), content(block), 0, block.size());
      }
      session.run(program);
    }
  }

  /** Waves, with zeros after the last channel. */
  private static float[] content(Block block) {
    float[] values = waves(block.size());
    for (int i = 0; i < values.length; i++) {
      if (i % block.stride() >= block.c()) {
        values[i] = 0;
      }
    }
    return values;
  }
}
