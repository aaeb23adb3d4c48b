package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.FixedImages;
import io.github.tornadodiffusion.diffusion.TestDevice;
import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a device makes of the noise, against the same model with its sampler on the host. */
class DeviceSamplingTest {
  private static final int SIZE = 8;
  private static final int CHANNELS = 3;
  private static final int BATCH = 2;
  private static final int LENGTH = CHANNELS * SIZE * SIZE;
  private static final int COUNT = 3;
  private static final UNet2DConfig PLAIN = TinyUNet.config(SIZE, CHANNELS, 8);
  private static final UNet2DConfig CLASSES = PLAIN.toBuilder().numClassEmbeds(4).build();
  private static final UNet2DConfig VARIANCE = PLAIN.toBuilder().outChannels(2 * CHANNELS).build();
  private static final FixedImages IMAGES = new FixedImages(2, CHANNELS, SIZE);

  /** Single against double precision, relative to the largest value. */
  private static final double TOLERANCE = 1e-4;

  private static final BatchShape SHAPE = new BatchShape(BATCH, SIZE, SIZE);

  /** Enough for every scheduler. */
  private static final int FREE = 12;

  private static final Map<UNet2DConfig, SampleRegisters> MODELS = new HashMap<>();
  private static final Map<UNet2DConfig, Inference> HOST_MODELS = new HashMap<>();

  private static Engine engine;

  @BeforeAll
  static void open() {
    engine = TestDevice.open();
  }

  @AfterAll
  static void close() {
    MODELS.values().forEach(SampleRegisters::close);
    HOST_MODELS.values().forEach(Inference::close);
    engine.close();
  }

  /** A model with what samplers before have left in its registers. */
  private static SampleRegisters used(UNet2DConfig config) {
    return MODELS.computeIfAbsent(config, c -> registers(c, FREE));
  }

  /** The same model, for sampling on the host. */
  private static SamplingModel host(UNet2DConfig config) {
    Inference model =
        HOST_MODELS.computeIfAbsent(
            config, c -> Inference.record(new UNet2DModel(c), SHAPE).open(engine, parameters(c)));
    return new HostSampling(
        (sample, timesteps, labels) ->
            model.predict(UNetInputs.of(sample, timesteps, labels).values()),
        BATCH,
        LENGTH);
  }

  static List<String> schedulers() {
    return Schedulers.CLASS_NAMES;
  }

  private static Scheduler scheduler(String className, String config) {
    return Schedulers.of(className, JsonFields.parse(config));
  }

  private static Map<String, HostTensor> parameters(UNet2DConfig config) {
    return Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 5);
  }

  private static SampleRegisters registers(UNet2DConfig config, int free) {
    return SampleRegisters.record(new UNet2DModel(config), SHAPE, free)
        .open(engine, parameters(config));
  }

  private static float[] run(
      SamplingModel model, ReverseProcess process, SampleNoise noise, int[] labels) {
    float[] all = new float[COUNT * LENGTH];
    new Pipeline(model, CHANNELS, SIZE, SIZE)
        .run(
            process,
            new Pipeline.Request(COUNT, noise, labels),
            (first, images, values) ->
                System.arraycopy(values, 0, all, first * LENGTH, values.length));
    return all;
  }

  private static void check(
      UNet2DConfig config,
      ReverseProcess process,
      SampleNoise noise,
      int[] labels,
      UnaryOperator<SamplingModel> guided) {
    assertTrue(DeviceSampling.free(process.registers()) <= FREE);
    SampleRegisters unet = used(config);
    SamplingModel host = host(config);
    float[] expected = run(guided.apply(host), process, noise, labels);
    float[] actual = run(guided.apply(new DeviceSampling(unet)), process, noise, labels);
    double most = 0;
    for (float value : expected) {
      most = Math.max(most, Math.abs(value));
    }
    assertTrue(most > 0.01, "nothing to compare");
    assertArrayEquals(expected, actual, (float) (TOLERANCE * most));
  }

  private static void check(UNet2DConfig config, ReverseProcess process) {
    check(config, process, SampleNoise.seeded(7, LENGTH), null, UnaryOperator.identity());
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void everySchedulerSamplesAsOnTheHost(String className) {
    int steps = className.equals("LCMScheduler") ? 4 : 6;
    Sampling sampling = Sampling.of(scheduler(className, "{}"), steps, new StepOptions(0.5, false));
    check(PLAIN, ReverseProcess.fromNoise(sampling));
  }

  /** Clipping, a history of many outputs, thresholds and predictions of the sample itself. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DDPMScheduler|{\"clip_sample\": true, \"clip_sample_range\": 0.5}",
        "DDPMScheduler|{\"thresholding\": true, \"clip_sample\": false}",
        "DDIMScheduler|{\"clip_sample\": false, \"prediction_type\": \"v_prediction\"}",
        "DPMSolverMultistepScheduler|{\"algorithm_type\": \"sde-dpmsolver++\"}",
        "DPMSolverMultistepScheduler|{\"solver_order\": 3, \"thresholding\": true}",
        "UniPCMultistepScheduler|{\"solver_order\": 3, \"predict_x0\": false}",
        "DDIMScheduler|{\"prediction_type\": \"sample\", \"beta_schedule\": \"squaredcos_cap_v2\"}",
        "PNDMScheduler|{\"skip_prk_steps\": true}"
      })
  void settingsOfAScheduler(String className, String config) {
    Sampling sampling = Sampling.of(scheduler(className, config), 6, new StepOptions(0.3, true));
    check(PLAIN, ReverseProcess.fromNoise(sampling));
  }

  @ParameterizedTest
  @ValueSource(strings = {"learned", "learned_range", "fixed_small"})
  void aModelThatPredictsItsVariance(String type) {
    Scheduler ddpm = scheduler("DDPMScheduler", "{\"variance_type\": \"%s\"}".formatted(type));
    check(VARIANCE, ReverseProcess.fromNoise(Sampling.of(ddpm, 5)));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, 3.5})
  void guidance(double scale) {
    Sampling sampling = Sampling.of(scheduler("DDIMScheduler", "{}"), 4);
    check(
        CLASSES,
        ReverseProcess.fromNoise(sampling),
        SampleNoise.seeded(1, LENGTH),
        new int[] {0, 2, 1},
        model -> new GuidedSampling(model, scale, 3));
  }

  @Test
  void imagesToImages() {
    Sampling sampling = Sampling.of(scheduler("DDPMScheduler", "{}"), 8);
    check(PLAIN, new ImageToImage(sampling, 8, 0.5, IMAGES));
  }

  @Test
  void inpaintingKeepsPixelsExactly() {
    boolean[] drawn = new boolean[SIZE * SIZE];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = i % SIZE >= 3;
    }
    Sampling sampling = Sampling.of(scheduler("DDPMScheduler", "{}"), 4);
    Inpainting process = new Inpainting(sampling, IMAGES, Mask.of(drawn), 2);
    check(PLAIN, process);
    float[] images =
        run(new DeviceSampling(used(PLAIN)), process, SampleNoise.seeded(2, LENGTH), null);
    float[] originals = IMAGES.inTurn(COUNT);
    for (int i = 0; i < images.length; i++) {
      if (!drawn[i % drawn.length]) {
        assertEquals(originals[i], images[i], 0);
      }
    }
  }

  /** Such noise comes from the host. */
  @Test
  void noiseOfPyTorch() {
    Sampling sampling = Sampling.of(scheduler("EulerAncestralDiscreteScheduler", "{}"), 4);
    check(
        PLAIN,
        ReverseProcess.fromNoise(sampling),
        Rng.TORCH.sampleNoise(3, COUNT, LENGTH),
        null,
        UnaryOperator.identity());
  }

  /** To the last bit, whatever draws it and whichever images it is for. */
  @Test
  void theDeviceDrawsTheNoiseOfTheHost() {
    SampleNoise seeded = SampleNoise.seeded(-11, LENGTH);
    SamplingModel model = new DeviceSampling(used(PLAIN));
    SamplingModel host = host(PLAIN);
    for (int draw : new int[] {SampleNoise.INITIAL, 0, 999}) {
      for (int first : new int[] {0, 5, 100_000_000}) {
        host.draw(seeded, draw, first);
        model.draw(seeded, draw, first);
        assertArrayEquals(host.read(Update.NOISE), model.read(Update.NOISE));
      }
    }
  }

  @Test
  void whatIsWrittenIsRead() {
    try (SampleRegisters unet = registers(PLAIN, 1)) {
      SamplingModel model = new DeviceSampling(unet);
      float[] values = IMAGES.inTurn(BATCH);
      model.write(Update.IMAGES, values);
      assertArrayEquals(values, model.read(Update.IMAGES));
      assertThrows(IllegalArgumentException.class, () -> model.read(Update.DRAWN));
      assertThrows(IllegalStateException.class, () -> model.write(Update.DRAWN, values));
      assertThrows(IllegalArgumentException.class, () -> model.write(Update.IMAGES, new float[3]));
      List<Update> learned = List.of(new Update.LearnedNoise(Update.SAMPLE, -9, -4, 1e-20));
      assertThrows(IllegalArgumentException.class, () -> model.apply(learned));
    }
  }

  @Test
  void aModelWhoseOutputIsNoSampleIsRefused() {
    UNet2DConfig other = PLAIN.toBuilder().outChannels(4).build();
    assertThrows(IllegalArgumentException.class, () -> registers(other, 0));
  }
}
