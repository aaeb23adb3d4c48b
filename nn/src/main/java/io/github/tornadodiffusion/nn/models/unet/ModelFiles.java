package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.WeightFiles;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.models.ParameterFiles;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;

/** The {@code unet} directory of a diffusers pipeline: a configuration and its parameters. */
public final class ModelFiles {
  /** The configuration's file name. */
  public static final String CONFIG = ParameterFiles.CONFIG;

  /** The parameters' file name. */
  public static final String WEIGHTS = WeightFiles.WEIGHTS;

  private ModelFiles() {}

  /**
   * A model as stored in files.
   *
   * @param config its configuration
   * @param parameters its parameters by PyTorch's names, in the order of the specifications
   */
  public record UNet(UNet2DConfig config, SequencedMap<String, HostTensor> parameters) {}

  /**
   * Any model as stored in files.
   *
   * @param model it
   * @param parameters its parameters by PyTorch's names, in the order of the specifications
   */
  public record Stored(DenoisingModel model, SequencedMap<String, HostTensor> parameters) {}

  /**
   * Reads a model of the class that its configuration names: diffusers' UNet2DModel, or one's own
   * on the class path or in a plug-in.
   *
   * @param directory as diffusers' {@code save_pretrained} writes it
   * @throws IOException as {@link #readUNet} does
   */
  public static Stored read(Path directory) throws IOException {
    checkDirectory(directory);
    DenoisingModel model = Json.read(directory.resolve(CONFIG), ModelFiles::model);
    return new Stored(model, parameters(directory, model.parameters().specs(), middle(model)));
  }

  private static DenoisingModel model(JsonFields fields) {
    String className = fields.string(Json.CLASS_NAME, UNet2DConfigJson.CLASS_NAME);
    return className.equals(UNet2DConfigJson.CLASS_NAME)
        ? new UNet2DModel(UNet2DConfigJson.fromFields(fields))
        : Plugins.create(DenoisingModel.class, className, fields)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "%s is %s; only a %s, or a class of your own with --plugin, can be read"
                        .formatted(Json.CLASS_NAME, className, UNet2DConfigJson.CLASS_NAME)));
  }

  private static String middle(DenoisingModel model) {
    return model instanceof UNet2DModel unet ? unet.config().midBlockType() : null;
  }

  /**
   * Reads a model: one safetensors file, or several with an index, of any float type and variant.
   *
   * @param unetDirectory a directory as diffusers' {@code save_pretrained} writes it
   * @param expected the parameters that a model of a configuration has
   * @throws IOException in one line naming the file, the cause and the remedy, if a file is missing
   *     or damaged or the parameters are not the expected ones
   */
  public static UNet readUNet(
      Path unetDirectory, Function<UNet2DConfig, List<ParameterSpec>> expected) throws IOException {
    checkDirectory(unetDirectory);
    Path configFile = unetDirectory.resolve(CONFIG);
    UNet2DConfig config = UNet2DConfig.read(configFile);
    List<ParameterSpec> specs;
    try {
      specs = expected.apply(config);
    } catch (IllegalArgumentException e) {
      throw new IOException(configFile + ": " + e.getMessage(), e);
    }
    return new UNet(config, parameters(unetDirectory, specs, config.midBlockType()));
  }

  private static void checkDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new IOException(
          directory + " is not a directory; name a model directory as diffusers saves it");
    }
  }

  private static SequencedMap<String, HostTensor> parameters(
      Path directory, List<ParameterSpec> specs, String midBlockType) throws IOException {
    return ParameterFiles.read(
        directory,
        specs,
        name -> name.startsWith("mid_block."),
        "mid_block_type is %s there".formatted(midBlockType));
  }

  /**
   * Writes a model, each file atomically; the directory is made if it is not there.
   *
   * @throws IOException in one line naming the file and the cause
   */
  public static void writeUNet(
      Path unetDirectory, UNet2DConfig config, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    SequencedMap<String, HostTensor> saved = new LinkedHashMap<>(parameters);
    if (config.fourier()) {
      saved.put(ParameterFiles.SAME_FREQUENCIES, parameters.get(ParameterFiles.FREQUENCIES));
    }
    write(unetDirectory, config.toJson(), saved);
  }

  /** Writes any model, see {@link #writeUNet}. */
  public static void write(
      Path directory, DenoisingModel model, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    if (model instanceof UNet2DModel unet) {
      writeUNet(directory, unet.config(), parameters);
    } else {
      write(directory, model.toJson(), parameters);
    }
  }

  private static void write(
      Path directory, String config, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    ParameterFiles.write(directory, config, WEIGHTS, parameters);
  }
}
