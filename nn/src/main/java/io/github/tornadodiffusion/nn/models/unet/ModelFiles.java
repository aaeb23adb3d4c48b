package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import io.github.tornadodiffusion.nn.io.WeightFiles;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The {@code unet} directory of a diffusers pipeline: a configuration and its parameters. */
public final class ModelFiles {
  /** The configuration's file name. */
  public static final String CONFIG = "config.json";

  /** The parameters' file name. */
  public static final String WEIGHTS = WeightFiles.WEIGHTS;

  /** The frequencies of Fourier features, which diffusers 0.27 saves twice. */
  private static final String FREQUENCIES = "time_proj.weight";

  private static final String SAME_FREQUENCIES = "time_proj.W";

  /** The names attention layers had before diffusers 0.16, and those they have now. */
  private static final Map<String, String> OLD_ATTENTION_NAMES =
      Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");

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
    Set<String> names =
        specs.stream()
            .map(ParameterSpec::name)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    SequencedMap<String, HostTensor> found = new LinkedHashMap<>();
    for (Path file : WeightFiles.of(directory)) {
      readFile(file, names, found);
    }
    return inOrder(directory, midBlockType, specs, found);
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
      saved.put(SAME_FREQUENCIES, parameters.get(FREQUENCIES));
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
    AtomicFiles.makeDirectory(directory);
    Safetensors.write(directory.resolve(WEIGHTS), parameters, Safetensors.PYTORCH_METADATA);
    AtomicFiles.write(directory.resolve(CONFIG), config);
  }

  private static void readFile(
      Path path, Set<String> expected, SequencedMap<String, HostTensor> found) throws IOException {
    try (SafetensorsFile file = Safetensors.open(path)) {
      for (String name : file.names()) {
        if (name.equals(SAME_FREQUENCIES) && file.contains(FREQUENCIES)) {
          continue;
        }
        String current = currentName(name, expected);
        if (!expected.contains(current) && !file.isReadable(name)) {
          // No parameter that anything is computed with.
          continue;
        }
        if (found.put(current, file.tensor(name)) != null) {
          throw new IOException(
              "%s: parameter %s comes twice; save the model again"
                  .formatted(path, Messages.piece(name)));
        }
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(Messages.line("%s: %s".formatted(path, e.getMessage())), e);
    }
  }

  /** Maps {@code attentions.0.query.weight} to {@code attentions.0.to_q.weight} and so on. */
  private static String currentName(String name, Set<String> expected) {
    if (name.equals(SAME_FREQUENCIES) && expected.contains(FREQUENCIES)) {
      return FREQUENCIES;
    }
    String[] parts = name.split("\\.");
    if (!expected.contains(name) && parts.length >= 2) {
      String current = OLD_ATTENTION_NAMES.get(parts[parts.length - 2]);
      if (current != null) {
        parts[parts.length - 2] = current;
        String mapped = String.join(".", parts);
        return expected.contains(mapped) ? mapped : name;
      }
    }
    return name;
  }

  private static SequencedMap<String, HostTensor> inOrder(
      Path directory,
      String midBlockType,
      List<ParameterSpec> specs,
      SequencedMap<String, HostTensor> found)
      throws IOException {
    SequencedMap<String, HostTensor> parameters = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    for (ParameterSpec spec : specs) {
      HostTensor tensor = found.get(spec.name());
      if (tensor == null) {
        missing.add(spec.name());
      } else if (!Arrays.equals(tensor.shape(), spec.shape())) {
        wrong.add(
            "%s is %s and should be %s"
                .formatted(
                    spec.name(), Arrays.toString(tensor.shape()), Arrays.toString(spec.shape())));
      }
      parameters.put(spec.name(), tensor);
    }
    List<String> surplus =
        found.keySet().stream().filter(name -> !parameters.containsKey(name)).toList();
    List<String> causes = new ArrayList<>();
    addCause(causes, "missing", missing);
    addCause(causes, "surplus", surplus);
    addCause(causes, "of a wrong shape", wrong);
    boolean middle =
        Stream.concat(missing.stream(), surplus.stream())
            .anyMatch(name -> name.startsWith("mid_block."));
    if (middle) {
      causes.add("mid_block_type is %s there".formatted(midBlockType));
    }
    if (!causes.isEmpty()) {
      throw new IOException(
          "The parameters in %s do not fit its %s: %s; use the files of one model"
              .formatted(directory, CONFIG, String.join("; ", causes)));
    }
    return parameters;
  }

  private static void addCause(List<String> causes, String what, List<String> names) {
    if (!names.isEmpty()) {
      causes.add("%d %s (%s)".formatted(names.size(), what, Messages.firstOf(names)));
    }
  }
}
