package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.GoldenModel;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import io.github.tornadodiffusion.nn.models.unet.ModelFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against numbers that PyTorch 1.13 drew on the CPU. */
class TorchGeneratorTest {
  /** PyTorch evaluates logarithm, sine and cosine by polynomials in single precision. */
  private static final float NORMAL = 2e-6f;

  private static JsonNode sequences;

  @BeforeAll
  static void read() {
    sequences = new JsonMapper().readTree(Golden.path("rng.json").toFile()).get("sequences");
  }

  private static float[] tensor(String name) throws IOException {
    try (SafetensorsFile file = Safetensors.open(Golden.path("rng.safetensors"))) {
      return file.tensor(name).values();
    }
  }

  private static void assertNormal(float[] expected, float[] actual) {
    assertArrayEquals(expected, actual, NORMAL);
  }

  private static int[] ints(long[] values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 42, 1234})
  void randnThenIntegers(long seed) throws IOException {
    String name = "seed" + seed + ".A";
    TorchGenerator generator = new TorchGenerator(seed);
    for (int count : new int[] {5, 16, 100, 3072}) {
      assertNormal(tensor(name + ".randn" + count), generator.randn(count));
    }
    JsonNode golden = sequences.get(name);
    assertArrayEquals(
        GoldenModel.ints(golden.get("randint_0_1000_8")), ints(generator.randint(0, 1000, 8)));
    assertArrayEquals(GoldenModel.ints(golden.get("randperm_20")), generator.randperm(20));
  }

  /** The second of a pair of normal numbers waits while others are drawn. */
  @ParameterizedTest
  @ValueSource(longs = {0, 42, 1234})
  void mixedSizes(long seed) throws IOException {
    String name = "seed" + seed + ".B.";
    TorchGenerator generator = new TorchGenerator(seed);
    assertNormal(tensor(name + "randn3"), generator.randn(3));
    assertNormal(tensor(name + "randn4"), generator.randn(4));
    assertArrayEquals(tensor(name + "rand7"), generator.rand(7));
    assertNormal(tensor(name + "randn20"), generator.randn(20));
    assertArrayEquals(tensor(name + "rand33"), generator.rand(33));
    assertNormal(tensor(name + "randn2x3x8x8"), generator.randn(2 * 3 * 8 * 8));
    assertNormal(tensor(name + "randn1"), generator.randn(1));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 42, 1234})
  void layersAreInitialised(long seed) throws IOException {
    String name = "seed" + seed + ".init.";
    TorchGenerator generator = new TorchGenerator(seed);
    List<ParameterSpec> layers =
        List.of(
            new ParameterSpec("conv.weight", new int[] {8, 3, 3, 3}, Kind.CONV_WEIGHT, 27),
            new ParameterSpec("conv.bias", new int[] {8}, Kind.BIAS, 27),
            new ParameterSpec("linear.weight", new int[] {20, 10}, Kind.LINEAR_WEIGHT, 10),
            new ParameterSpec("linear.bias", new int[] {20}, Kind.BIAS, 10));
    for (ParameterSpec layer : layers) {
      float[] drawn = TorchInitialisation.draw(layer, generator).values();
      assertArrayEquals(tensor(name + layer.name()), drawn, layer.name());
    }
    ParameterSpec embedding =
        new ParameterSpec("embedding.weight", new int[] {5, 6}, Kind.EMBEDDING, 1);
    assertNormal(
        tensor(name + "embedding.weight"), TorchInitialisation.draw(embedding, generator).values());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 42, 1234})
  void integersInTurn(long seed) {
    TorchGenerator generator = new TorchGenerator(seed);
    JsonNode values = sequences.get("seed" + seed + ".ints").get("values");
    assertArrayEquals(GoldenModel.ints(values.get(0)), ints(generator.randint(0, 1000, 3)));
    assertArrayEquals(GoldenModel.ints(values.get(1)), generator.randperm(7));
    assertArrayEquals(GoldenModel.ints(values.get(2)), ints(generator.randint(5, 17, 4)));
    assertArrayEquals(GoldenModel.ints(values.get(3)), generator.randperm(100));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 42, 1234})
  void dataLoadersShuffle(long seed) {
    TorchGenerator generator = new TorchGenerator(seed);
    JsonNode golden = sequences.get("seed" + seed + ".dataloader");
    for (JsonNode epoch : golden.get("epochs")) {
      List<Integer> expected = new ArrayList<>();
      epoch.forEach(batch -> batch.forEach(index -> expected.add(index.asInt())));
      assertEquals(expected, Arrays.stream(generator.dataLoaderOrder(20)).boxed().toList());
    }
    assertNormal(GoldenModel.floats(golden.get("randn4_after")), generator.randn(4));
  }

  /** diffusers made these models after torch.manual_seed, and changed only normalisations since. */
  @ParameterizedTest
  @CsvSource({
    "100, tiny_ddpm_pipeline/unet",
    "201, unet_variants/scale_shift",
    "202, unet_variants/resnet_updown",
    "203, unet_variants/class_labels",
    "204, unet_variants/ddpm_original",
    "206, unet_variants/grey_center_rect",
    "301, unet_options/mish_learned_time",
    "302, unet_options/gelu_fourier_classes",
    "303, unet_options/relu_class_vectors"
  })
  void aUNetBeginsAsInDiffusers(long seed, String directory) throws IOException {
    ModelFiles.UNet golden = GoldenModel.read(directory);
    UNet2DModel model = new UNet2DModel(golden.config());
    List<ParameterSpec> specs = model.parameters().specs();
    var drawn = TorchInitialisation.of(specs, model.constructionOrder(), new TorchGenerator(seed));
    assertEquals(
        List.copyOf(golden.parameters().sequencedKeySet()), List.copyOf(drawn.sequencedKeySet()));
    for (ParameterSpec spec : specs) {
      if (spec.kind() != Kind.NORM_WEIGHT && spec.kind() != Kind.NORM_BIAS) {
        float[] expected = golden.parameters().get(spec.name()).values();
        double tolerance =
            switch (spec.kind()) {
              case EMBEDDING -> NORMAL;
              case FREQUENCIES -> Initialisation.FREQUENCY_SCALE * NORMAL;
              default -> 0;
            };
        float[] actual = drawn.get(spec.name()).values();
        for (int i = 0; i < expected.length; i++) {
          assertEquals(expected[i], actual[i], tolerance, spec.name());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 15, 16, 17, 160, 3075})
  void skippingIsDrawing(int count) {
    TorchGenerator drawn = new TorchGenerator(7);
    TorchGenerator skipped = new TorchGenerator(7);
    for (int i = 0; i < 3; i++) {
      drawn.randn(count);
      skipped.skipRandn(count);
      assertArrayEquals(drawn.randn(3), skipped.randn(3));
    }
  }

  @Test
  void wideRangesTakeTwoWords() {
    assertArrayEquals(
        new long[] {455570294424L, -26457217405L, 790795084744L, 2445173525L},
        new TorchGenerator(3).randint(-(1L << 40), 1L << 40, 4));
    assertThrows(IllegalArgumentException.class, () -> new TorchGenerator(0).randint(3, 3, 1));
  }
}
