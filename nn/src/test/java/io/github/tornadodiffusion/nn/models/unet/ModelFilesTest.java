package io.github.tornadodiffusion.nn.models.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.GoldenModel;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFilesTest {
  private static final UNet2DConfig CONFIG = UNet2DConfig.builder().sampleSize(8).build();
  private static final List<ParameterSpec> SPECS =
      List.of(
          spec("conv_in.weight", 4, 3, 3, 3),
          spec("mid_block.attentions.0.to_q.weight", 4, 4),
          spec("mid_block.attentions.0.to_k.weight", 4, 4),
          spec("mid_block.attentions.0.to_v.bias", 4),
          spec("mid_block.attentions.0.to_out.0.weight", 4, 4));

  @TempDir Path temporary;
  private Path directory;
  private SequencedMap<String, HostTensor> parameters;

  @BeforeEach
  void writeAModel() throws IOException {
    directory = temporary.resolve("model/unet");
    parameters = Initialisation.pytorchDefault(SPECS, 1);
    ModelFiles.writeUNet(directory, CONFIG, parameters);
  }

  @ParameterizedTest
  @MethodSource("io.github.tornadodiffusion.nn.Golden#unets")
  void diffusersDirectoriesSurviveByteForByte(String name) throws IOException {
    Path golden = Golden.path(name);
    ModelFiles.UNet model =
        ModelFiles.readUNet(golden, config -> new UNet2DModel(config).parameters().specs());
    ModelFiles.writeUNet(directory, model.config(), model.parameters());
    for (String file : List.of(ModelFiles.CONFIG, ModelFiles.WEIGHTS)) {
      assertEquals(-1, Files.mismatch(golden.resolve(file), directory.resolve(file)), file);
    }
  }

  @Test
  void aModelWrittenIsReadBackInTheModelsOrder() throws IOException {
    ModelFiles.UNet model = read();
    assertEquals(CONFIG, model.config());
    assertEquals(parameters, model.parameters());
    assertEquals(
        SPECS.stream().map(ParameterSpec::name).toList(), List.copyOf(model.parameters().keySet()));
  }

  @Test
  void oldAttentionNamesAreMapped() throws IOException {
    Map<String, String> oldParts =
        Map.of("to_q", "query", "to_k", "key", "to_v", "value", "to_out.0", "proj_attn");
    SequencedMap<String, HostTensor> old = new LinkedHashMap<>();
    parameters.forEach((name, tensor) -> {
      String oldName = name;
      for (var part : oldParts.entrySet()) {
        oldName = oldName.replace("." + part.getKey() + ".", "." + part.getValue() + ".");
      }
      old.put(oldName, tensor);
    });
    assertTrue(old.containsKey("mid_block.attentions.0.proj_attn.weight"));
    ModelFiles.writeUNet(directory, CONFIG, old);
    assertEquals(parameters, read().parameters());

    old.put("mid_block.attentions.0.to_q.weight", HostTensor.zeros(4, 4));
    ModelFiles.writeUNet(directory, CONFIG, old);
    assertRefused("comes twice");
  }

  @Test
  void shardsAreReadByTheirIndex() throws IOException {
    Files.delete(directory.resolve(ModelFiles.WEIGHTS));
    Map<String, String> weightMap = new TreeMap<>();
    List<SequencedMap<String, HostTensor>> shards =
        List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
    parameters.forEach((name, tensor) -> {
      int shard = weightMap.size() % 2;
      shards.get(shard).put(name, tensor);
      weightMap.put(name, "shard-" + shard + ".safetensors");
    });
    for (int i = 0; i < 2; i++) {
      Safetensors.write(
          directory.resolve("shard-" + i + ".safetensors"), shards.get(i), Map.of("format", "pt"));
    }
    writeIndex(weightMap);
    assertEquals(parameters, read().parameters());

    Files.delete(directory.resolve("shard-1.safetensors"));
    assertRefused("shard-1.safetensors: it does not exist");
  }

  @Test
  void theOnlyVariantIsRead() throws IOException {
    Path variant = directory.resolve("diffusion_pytorch_model.fp16.safetensors");
    Files.move(directory.resolve(ModelFiles.WEIGHTS), variant);
    assertEquals(parameters, read().parameters());
    Files.copy(variant, directory.resolve("diffusion_pytorch_model.ema.safetensors"));
    assertRefused(
        "several variants of it (diffusion_pytorch_model.ema.safetensors,"
            + " diffusion_pytorch_model.fp16.safetensors)");
    Files.delete(directory.resolve("diffusion_pytorch_model.ema.safetensors"));

    String shard = "diffusion_pytorch_model.fp16-00001-of-00001.safetensors";
    Files.move(variant, directory.resolve(shard));
    Map<String, String> weightMap = new TreeMap<>();
    parameters.keySet().forEach(name -> weightMap.put(name, shard));
    writeIndex("diffusion_pytorch_model.safetensors.index.fp16.json", weightMap);
    assertEquals(parameters, read().parameters());
  }

  /** diffusers 0.27 saves them under two names; earlier and later releases under either. */
  @Test
  void fourierFrequenciesHaveTwoNames() throws IOException {
    Path golden = Golden.path("unet_options/gelu_fourier_classes");
    SequencedMap<String, HostTensor> saved = Safetensors.read(golden.resolve(ModelFiles.WEIGHTS));
    assertEquals(saved.get("time_proj.weight"), saved.get("time_proj.W"));
    Path copy = Files.createDirectory(temporary.resolve("copy"));
    Files.copy(golden.resolve(ModelFiles.CONFIG), copy.resolve(ModelFiles.CONFIG));
    var expected = GoldenModel.read("unet_options/gelu_fourier_classes").parameters();
    for (String name : List.of("time_proj.weight", "time_proj.W")) {
      SequencedMap<String, HostTensor> one = new LinkedHashMap<>(saved);
      one.remove(name);
      Safetensors.write(copy.resolve(ModelFiles.WEIGHTS), one, Map.of());
      assertEquals(
          expected,
          ModelFiles.readUNet(copy, config -> new UNet2DModel(config).parameters().specs())
              .parameters());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../unet/x.safetensors", "/etc/passwd", "a\\b", ""})
  void shardsOutsideTheDirectoryAreRefused(String shard) throws IOException {
    Files.delete(directory.resolve(ModelFiles.WEIGHTS));
    writeIndex(Map.of("conv_in.weight", shard));
    assertRefused("it must name files of this directory");
  }

  @Test
  void parametersThatDoNotFitAreListed() throws IOException {
    parameters.remove("conv_in.weight");
    parameters.put("conv_in.weights", HostTensor.zeros(1));
    parameters.put("mid_block.attentions.0.to_v.bias", HostTensor.zeros(2, 2));
    for (int i = 0; i < 9; i++) {
      parameters.put("z" + i + "\n", HostTensor.zeros(1));
    }
    ModelFiles.writeUNet(directory, CONFIG, parameters);
    assertRefused("1 missing (conv_in.weight)");
    assertRefused("10 surplus (conv_in.weights, z0?, z1?, ...)");
    assertRefused(
        "1 of a wrong shape (mid_block.attentions.0.to_v.bias is [2, 2] and should be [4]");
  }

  /** Parameters that do not go with mid_block_type have it named, whichever of the two is wrong. */
  @Test
  void theMiddleBlockGoesWithTheConfiguration() throws IOException {
    ModelFiles.UNet unet = GoldenModel.read("unet_variants/class_labels");
    SequencedMap<String, HostTensor> without = new LinkedHashMap<>(unet.parameters());
    without.keySet().removeIf(name -> name.startsWith("mid_block."));
    UNet2DConfig none = unet.config().toBuilder().midBlockType(null).build();
    Function<UNet2DConfig, List<ParameterSpec>> specs =
        config -> new UNet2DModel(config).parameters().specs();
    ModelFiles.writeUNet(directory, none, without);
    ModelFiles.UNet read = ModelFiles.readUNet(directory, specs);
    assertEquals(none, read.config());
    assertEquals(List.copyOf(without.keySet()), List.copyOf(read.parameters().keySet()));

    ModelFiles.writeUNet(directory, none, unet.parameters());
    var surplus = assertThrows(IOException.class, () -> ModelFiles.readUNet(directory, specs));
    assertTrue(surplus.getMessage().contains("mid_block_type is null there"), surplus.getMessage());
    ModelFiles.writeUNet(directory, unet.config(), without);
    var missing = assertThrows(IOException.class, () -> ModelFiles.readUNet(directory, specs));
    assertTrue(
        missing.getMessage().contains("mid_block_type is UNetMidBlock2D there"),
        missing.getMessage());
  }

  /** A tensor that is no parameter may have any type, a parameter one that can be read. */
  @Test
  void aTypeThatCannotBeReadCostsItsOwnTensor() throws IOException {
    parameters.put("steps", HostTensor.zeros(2));
    ModelFiles.writeUNet(directory, CONFIG, parameters);
    assertRefused("1 surplus (steps)");
    retype("steps", "U64");
    parameters.remove("steps");
    assertEquals(parameters, read().parameters());
    retype("conv_in.weight", "Q32");
    assertRefused(
        directory.resolve(ModelFiles.WEIGHTS)
            + ": tensor conv_in.weight: dtype Q32 is not supported; convert the file to one of"
            + " F64");
  }

  /** Replaces the type of a tensor in the header by another of three letters. */
  private void retype(String tensor, String type) throws IOException {
    Path weights = directory.resolve(ModelFiles.WEIGHTS);
    String text = Files.readString(weights, StandardCharsets.ISO_8859_1);
    String entry = "\"%s\":{\"dtype\":\"".formatted(tensor);
    assertTrue(text.contains(entry + "F32"), text.substring(0, 200));
    Files.writeString(
        weights, text.replace(entry + "F32", entry + type), StandardCharsets.ISO_8859_1);
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    Path weights = directory.resolve(ModelFiles.WEIGHTS);
    Files.write(weights, new byte[100]);
    assertRefused(weights.toString());
    Files.delete(weights);
    assertRefused("has no " + ModelFiles.WEIGHTS);
    Files.createFile(directory.resolve("diffusion_pytorch_model.bin"));
    assertRefused("save_pretrained(directory, safe_serialization=True)");
    Files.delete(directory.resolve(ModelFiles.CONFIG));
    assertRefused("config.json: it does not exist");
    directory = temporary.resolve("nowhere");
    assertRefused("is not a directory");
  }

  @Test
  void aConfigurationTheModelRefusesIsNamed() {
    Function<UNet2DConfig, List<ParameterSpec>> refuse =
        config -> {
          throw new IllegalArgumentException("conv_in: no");
        };
    var e = assertThrows(IOException.class, () -> ModelFiles.readUNet(directory, refuse));
    assertEquals(directory.resolve(ModelFiles.CONFIG) + ": conv_in: no", e.getMessage());
  }

  private ModelFiles.UNet read() throws IOException {
    return ModelFiles.readUNet(directory, config -> SPECS);
  }

  private void assertRefused(String cause) {
    var e = assertThrows(IOException.class, this::read);
    assertTrue(e.getMessage().contains(cause), e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
  }

  private void writeIndex(Map<String, String> weightMap) throws IOException {
    writeIndex(ModelFiles.WEIGHTS + ".index.json", weightMap);
  }

  private void writeIndex(String file, Map<String, String> weightMap) throws IOException {
    Json.write(
        directory.resolve(file),
        Map.of("metadata", Map.of("total_size", 1), "weight_map", weightMap));
  }

  private static ParameterSpec spec(String name, int... shape) {
    return new ParameterSpec(name, shape, shape.length == 1 ? Kind.BIAS : Kind.LINEAR_WEIGHT, 4);
  }
}
