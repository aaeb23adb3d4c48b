package io.github.tornadodiffusion.nn.models.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.GoldenModel;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.layers.GroupNorm2d;
import io.github.tornadodiffusion.nn.programs.Inference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class UNet2DModelTest {
  /** The model of unit 1 of Hugging Face's diffusion course. */
  private static UNet2DConfigBuilder unit1() {
    return UNet2DConfig.builder()
        .sampleSize(UNet2DConfig.SampleSize.square(32))
        .blockOutChannels(List.of(64, 128, 128, 256))
        .downBlockTypes(List.of("DownBlock2D", "DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"))
        .upBlockTypes(List.of("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D"));
  }

  @Test
  void parametersOfUnit1() {
    assertEquals(18_536_323, new UNet2DModel(unit1().build()).parameters().count());
  }

  @Test
  void stateDictOrderIsPytorchs() throws IOException {
    String name = "unet_variants/class_labels";
    JsonNode json = JsonMapper.shared().readTree(Golden.path(name + "/io.json").toFile());
    List<String> expected = new ArrayList<>(json.get("grad_stats").propertyNames());
    UNet2DModel model = new UNet2DModel(UNet2DConfig.read(Golden.path(name + "/config.json")));
    assertEquals(expected, model.parameters().specs().stream().map(ParameterSpec::name).toList());
  }

  /** What PyTorch takes for the same step is 880 MiB; the rest is for the JVM. */
  @Test
  void unit1StepAtBatch8FitsInto600MiB() {
    long floats =
        UNets.recordTraining(unit1().build(), new UNets.Options(8, 32, 32, false)).floats();
    long mib = floats * 4 >> 20;
    assertTrue(mib < 600, mib + " MiB");
  }

  @Test
  void inferenceReusesMemory() {
    UNet2DConfig config = unit1().build();
    long parameters = new UNet2DModel(config).parameters().floats();
    long inference = UNets.recordInference(config, 8, 32, 32).floats() - parameters;
    long gradients = UNets.recordGradients(config, 8, 32, 32).floats() - 2 * parameters;
    assertTrue(inference < gradients / 3, inference + " and " + gradients);
  }

  @Test
  void modelsWithTooManyParametersAreRefused() {
    for (UNet2DConfig config :
        List.of(
            unit1().blockOutChannels(List.of(65_536, 65_536, 65_536, 65_536)).build(),
            unit1().numClassEmbeds(Integer.MAX_VALUE).build())) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class, () -> new UNet2DModel(config).parameters().specs());
      assertTrue(e.getMessage().contains("use fewer layers or channels"), e.getMessage());
    }
  }

  @Test
  void errorsNameTheLayer() {
    Exception size =
        assertThrows(
            IllegalArgumentException.class,
            () -> new UNet2DModel(unit1().build()).checkSampleSize(32, 30));
    assertTrue(size.getMessage().contains("32 x 30"), size.getMessage());
    assertTrue(size.getMessage().contains("divisible by 8"), size.getMessage());
    Exception groups =
        assertThrows(
            IllegalArgumentException.class,
            () -> new GroupNorm2d(Scope.root().child("down_blocks.1.resnets.0.norm1"), 4, 10, 1));
    assertTrue(
        groups.getMessage().startsWith("down_blocks.1.resnets.0.norm1: "), groups.getMessage());
    Exception head =
        assertThrows(
            IllegalArgumentException.class,
            () -> new UNet2DModel(unit1().attentionHeadDim(200).build()));
    assertTrue(head.getMessage().startsWith("down_blocks.2.attentions.0: "), head.getMessage());
    UNet2DConfig padding = unit1().downsamplePadding(2).build();
    assertMessage(
        "down_blocks.0.downsamplers.0: downsample_padding is 2; use 0 or 1",
        () -> new UNet2DModel(padding));
    new UNet2DModel(
        padding.toBuilder()
            .downBlockTypes(Collections.nCopies(4, "ResnetDownsampleBlock2D"))
            .addAttention(false)
            .attnNormNumGroups(3)
            .build());
  }

  @Test
  void labelsAreChecked() throws IOException {
    ModelFiles.UNet unet = GoldenModel.read("unet_variants/class_labels");
    try (JvmEngine engine = new JvmEngine(1);
        Inference inference = UNets.inference(engine, unet.config(), unet.parameters(), 1, 8, 8)) {
      float[] sample = new float[3 * 64];
      float[] timestep = {3};
      Exception none =
          assertThrows(
              IllegalArgumentException.class, () -> predict(inference, sample, timestep, null));
      assertTrue(none.getMessage().contains("class label"), none.getMessage());
      Exception unknown =
          assertThrows(
              IllegalArgumentException.class,
              () -> predict(inference, sample, timestep, new int[] {5}));
      assertTrue(unknown.getMessage().contains("0 to 4"), unknown.getMessage());
      Exception length =
          assertThrows(
              IllegalArgumentException.class,
              () -> predict(inference, new float[3], timestep, new int[] {1}));
      assertTrue(length.getMessage().contains("192"), length.getMessage());
    }
  }

  @Test
  void whatATimeEmbeddingCannotTakeIsRefused() throws IOException {
    float[] sample = new float[2 * 4 * 6];
    ModelFiles.UNet learned = GoldenModel.read("unet_options/mish_learned_time");
    try (JvmEngine engine = new JvmEngine(1);
        Inference inference =
            UNets.inference(engine, learned.config(), learned.parameters(), 1, 4, 6)) {
      for (float timestep : new float[] {30, -1, 2.5f, Float.NaN}) {
        assertMessage(
            "use 0 to 29", () -> predict(inference, sample, new float[] {timestep}, new int[] {3}));
      }
      assertMessage(
          "no class label 30: use 0 to 29",
          () -> predict(inference, sample, new float[] {3}, new int[] {30}));
    }
    ModelFiles.UNet fourier = GoldenModel.read("unet_options/gelu_fourier_classes");
    try (JvmEngine engine = new JvmEngine(1);
        Inference inference =
            UNets.inference(engine, fourier.config(), fourier.parameters(), 1, 4, 4)) {
      assertMessage(
          "use numbers above 0",
          () -> predict(inference, new float[48], new float[] {0}, new int[] {1}));
    }
  }

  /** A middle block whose last layers are 0 answers what it is given, bit for bit. */
  @Test
  void withoutAMiddleBlockNothingHappensThere() throws IOException {
    ModelFiles.UNet unet = GoldenModel.read("unet_variants/class_labels");
    SequencedMap<String, HostTensor> passing = new LinkedHashMap<>();
    SequencedMap<String, HostTensor> without = new LinkedHashMap<>();
    unet.parameters()
        .forEach((name, tensor) -> {
          boolean middle = name.startsWith("mid_block.");
          boolean last = name.contains(".conv2.") || name.contains(".to_out.");
          passing.put(name, middle && last ? HostTensor.zeros(tensor.shape()) : tensor);
          if (!middle) {
            without.put(name, tensor);
          }
        });
    UNet2DConfig config = unet.config().toBuilder().midBlockType(null).build();
    assertEquals(
        List.copyOf(without.keySet()),
        new UNet2DModel(config).parameters().specs().stream().map(ParameterSpec::name).toList());
    float[] expected = predict(unet.config(), passing);
    assertArrayEquals(expected, predict(config, without));
    assertFalse(Arrays.equals(expected, predict(unet.config(), unet.parameters())));
  }

  /** A longer embedding whose further places are 0 is the same embedding. */
  @Test
  void theTimeEmbeddingMayBeLonger() throws IOException {
    ModelFiles.UNet unet = GoldenModel.read("unet_variants/class_labels");
    UNet2DConfig config = unet.config().toBuilder().timeEmbeddingDim(24).build();
    SequencedMap<String, HostTensor> longer = new LinkedHashMap<>();
    for (ParameterSpec spec : new UNet2DModel(config).parameters().specs()) {
      longer.put(spec.name(), padded(unet.parameters().get(spec.name()), spec.shape()));
    }
    assertArrayEquals(new int[] {24, 24}, longer.get("time_embedding.linear_2.weight").shape());
    assertArrayEquals(predict(unet.config(), unet.parameters()), predict(config, longer), 1e-6f);
  }

  /** Zeros behind the rows and columns of a matrix, or the elements of a vector. */
  private static HostTensor padded(HostTensor tensor, int[] shape) {
    if (Arrays.equals(tensor.shape(), shape)) {
      return tensor;
    }
    HostTensor padded = HostTensor.zeros(shape);
    int from = tensor.shape()[tensor.shape().length - 1];
    int to = shape[shape.length - 1];
    for (int row = 0; row < tensor.size() / from; row++) {
      System.arraycopy(tensor.values(), row * from, padded.values(), row * to, from);
    }
    return padded;
  }

  private static float[] predict(UNet2DConfig config, SequencedMap<String, HostTensor> parameters) {
    SplittableRandom random = new SplittableRandom(5);
    float[] sample = new float[3 * 64];
    for (int i = 0; i < sample.length; i++) {
      sample[i] = random.nextFloat() * 2 - 1;
    }
    try (JvmEngine engine = new JvmEngine(1);
        Inference inference = UNets.inference(engine, config, parameters, 1, 8, 8)) {
      return predict(inference, sample, new float[] {500}, new int[] {2});
    }
  }

  private static float[] predict(
      Inference inference, float[] sample, float[] timesteps, int[] labels) {
    return inference.predict(UNetInputs.of(sample, timesteps, labels).values());
  }

  @Test
  void skipBlocksAreForColourImages() {
    UNet2DConfig grey =
        UNet2DConfig.builder()
            .inChannels(1)
            .blockOutChannels(8, 8)
            .downBlockTypes("SkipDownBlock2D", "SkipDownBlock2D")
            .upBlockTypes("SkipUpBlock2D", "SkipUpBlock2D")
            .normNumGroups(null)
            .build();
    assertMessage(
        "down_blocks.0.skip_conv: takes 3 channels, not the 1",
        () -> UNets.recordInference(grey, 1, 4, 4));
    assertMessage(
        "norm1: 3 channels do not divide into 0 groups",
        () -> new UNet2DModel(grey.toBuilder().blockOutChannels(3, 8).build()));
    UNet2DConfig mixed =
        grey.toBuilder()
            .inChannels(3)
            .normNumGroups(4)
            .upBlockTypes("SkipUpBlock2D", "UpBlock2D")
            .build();
    assertMessage("conv_out: cannot add", () -> UNets.recordInference(mixed, 1, 4, 4));
  }

  private static void assertMessage(String part, Executable action) {
    Exception e = assertThrows(IllegalArgumentException.class, action);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }
}
