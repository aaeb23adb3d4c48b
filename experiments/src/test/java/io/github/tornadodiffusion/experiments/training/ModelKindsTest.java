package io.github.tornadodiffusion.experiments.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfigBuilder;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code sample} and {@code predict} with models that this program does not train. */
class ModelKindsTest {
  @TempDir Path temporary;

  private static UNet2DConfigBuilder small() {
    return UNet2DConfig.builder()
        .sampleSize(4)
        .inChannels(1)
        .outChannels(1)
        .blockOutChannels(8)
        .downBlockTypes("DownBlock2D")
        .upBlockTypes("UpBlock2D")
        .layersPerBlock(1)
        .normNumGroups(2);
  }

  private static SequencedMap<String, HostTensor> parameters(UNet2DConfig config) {
    return Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 1);
  }

  private String model(UNet2DConfig config, VarianceType variance) throws IOException {
    return model(config, parameters(config), variance);
  }

  private String model(
      UNet2DConfig config, SequencedMap<String, HostTensor> parameters, VarianceType variance)
      throws IOException {
    SchedulerConfig scheduler =
        SchedulerConfig.of(100, BetaSchedule.LINEAR, PredictionType.EPSILON);
    Path directory = temporary.resolve("model");
    new DiffusionModel(new DDPMScheduler(scheduler, variance), config, parameters)
        .writeInto(directory);
    return directory.toString();
  }

  private String out() {
    return temporary.resolve("out.png").toString();
  }

  private String[] sample(String model, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("sample", "--model", model, "--out", out(), "--count", "3", "--steps", "2"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @Test
  void aPredictedVarianceIsSampledWithDdpmAndIgnoredByDdim() throws IOException {
    UNet2DConfig twice = small().outChannels(2).build();
    String model = model(twice, VarianceType.LEARNED_RANGE);
    CommandRun.succeeds(sample(model));
    BufferedImage ddpm = ImageIO.read(new File(out()));
    CommandRun.succeeds(sample(model, "--scheduler", "ddim"));
    byte[] ignored = pixels();
    assertEquals(ddpm.getWidth(), ImageIO.read(new File(out())).getWidth());
    model = model(twice, VarianceType.FIXED_SMALL);
    CommandRun.refused(List.of("2 channels from 1", "DDPMScheduler"), sample(model));
    model = model(small().build(), VarianceType.LEARNED_RANGE);
    CommandRun.refused(List.of("twice as many", "variance_type"), sample(model));

    // The same model without the channels of the variance.
    SequencedMap<String, HostTensor> parameters = parameters(twice);
    for (String name : List.of("conv_out.weight", "conv_out.bias")) {
      HostTensor both = parameters.get(name);
      int[] shape = both.shape().clone();
      shape[0] = 1;
      float[] first = Arrays.copyOf(both.values(), both.values().length / 2);
      parameters.put(name, new HostTensor(shape, first));
    }
    model = model(small().build(), parameters, VarianceType.FIXED_SMALL);
    CommandRun.succeeds(sample(model, "--scheduler", "ddim"));
    assertArrayEquals(pixels(), ignored);
  }

  private byte[] pixels() throws IOException {
    BufferedImage image = ImageIO.read(new File(out()));
    return ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
  }

  @Test
  void classesThatAreEmbeddedAsTimestepsAreNamed() throws IOException {
    String model = model(small().classEmbedType("timestep").build(), VarianceType.FIXED_SMALL);
    CommandRun.refused(List.of("--labels"), sample(model));
    CommandRun.succeeds(sample(model, "--labels", "7,900"));
  }

  @Test
  void whatCannotBeSampledIsSaidBefore() throws IOException {
    String vectors = model(small().classEmbedType("identity").build(), VarianceType.FIXED_SMALL);
    CommandRun.refused(List.of("class_embed_type identity"), sample(vectors));
    String fourier = model(small().timeEmbeddingType("fourier").build(), VarianceType.FIXED_SMALL);
    CommandRun.refused(List.of("time_embedding_type fourier", "steps_offset"), sample(fourier));
  }

  /** Also where its configuration is one that no sampler can end with. */
  @Test
  void aModelThatWasTrainedIsSampled() throws IOException {
    String model = model(small().timeEmbeddingType("fourier").build(), VarianceType.FIXED_SMALL);
    String out = temporary.resolve("trained").toString();
    CommandRun.succeeds(
        "train",
        "--model",
        model,
        "--out",
        out,
        "--steps",
        "1",
        "--batch",
        "2",
        "--samples",
        "2",
        "--sample-steps",
        "2");
    CommandRun.succeeds(sample(out));
  }

  @Test
  void predictTakesVectorsAsClasses() throws IOException {
    UNet2DConfig config = small().classEmbedType("identity").build();
    String model = model(config, VarianceType.FIXED_SMALL);
    Path input = temporary.resolve("in.safetensors");
    Path output = temporary.resolve("out.safetensors");
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("sample", HostTensor.zeros(2, 1, 4, 4));
    tensors.put("timestep", HostTensor.scalar(3));
    tensors.put("class_labels", HostTensor.zeros(2, 32));
    Safetensors.write(input, tensors, Map.of());
    String unetAlone = Path.of(model, "unet").toString();
    CommandRun.succeeds(
        "predict", "--model", unetAlone, "--input", input.toString(), "--out", output.toString());
    HostTensor zeros = Safetensors.read(output).get("sample");
    assertArrayEquals(new int[] {2, 1, 4, 4}, zeros.shape());

    tensors.put("class_labels", new HostTensor(new int[] {2}, new float[] {0, 1}));
    Safetensors.write(input, tensors, Map.of());
    CommandRun.refused(
        List.of("class_labels has shape [2]", "[2, 32]"),
        "predict",
        "--model",
        model,
        "--input",
        input.toString(),
        "--out",
        output.toString());
    assertEquals(zeros, Safetensors.read(output).get("sample"));
  }
}
