package io.github.tornadodiffusion.nn;

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

/** The {@code unet} directory of a diffusers pipeline: a configuration and its parameters. */
public final class ModelFiles {
  /** The configuration's file name. */
  public static final String CONFIG = "config.json";

  /** The parameters' file name. */
  public static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

  private static final String INDEX = WEIGHTS + ".index.json";
  private static final String PICKLE = "diffusion_pytorch_model.bin";

  /** The names attention layers had before diffusers 0.16, and those they have now. */
  private static final Map<String, String> OLD_ATTENTION_NAMES =
      Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");

  private ModelFiles() {}

  /**
   * A model as files hold it.
   *
   * @param config its configuration
   * @param parameters its parameters by PyTorch's names, in the order of the specifications
   */
  public record UNet(UNet2DConfig config, SequencedMap<String, HostTensor> parameters) {}

  /**
   * Reads a model: one safetensors file, or several with an index, of any float type.
   *
   * @param unetDirectory a directory as diffusers' {@code save_pretrained} writes it
   * @param expected the parameters that a model of a configuration has
   * @throws IOException in one line naming the file, the cause and the mend, if a file is missing
   *     or damaged or the parameters are not the expected ones
   */
  public static UNet readUNet(
      Path unetDirectory, Function<UNet2DConfig, List<ParameterSpec>> expected) throws IOException {
    if (!Files.isDirectory(unetDirectory)) {
      throw new IOException(
          unetDirectory + " is not a directory; name a model directory as diffusers saves it");
    }
    Path configFile = unetDirectory.resolve(CONFIG);
    UNet2DConfig config = UNet2DConfig.read(configFile);
    List<ParameterSpec> specs;
    try {
      specs = expected.apply(config);
    } catch (IllegalArgumentException e) {
      throw new IOException(configFile + ": " + e.getMessage(), e);
    }
    Set<String> names =
        specs.stream()
            .map(ParameterSpec::name)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    Path weights = unetDirectory.resolve(WEIGHTS);
    Path index = unetDirectory.resolve(INDEX);
    SequencedMap<String, HostTensor> found = new LinkedHashMap<>();
    if (Files.exists(weights)) {
      readFile(weights, names, found);
    } else if (Files.exists(index)) {
      for (Path shard : Json.read(index, fields -> shards(unetDirectory, fields))) {
        readFile(shard, names, found);
      }
    } else if (Files.exists(unetDirectory.resolve(PICKLE))) {
      throw new IOException(
          "%s holds only %s, a pickle, which is not read; load the model with diffusers and save it"
                  .formatted(unetDirectory, PICKLE)
              + " with save_pretrained(directory, safe_serialization=True)");
    } else {
      throw new IOException(
          "%s has no %s; fetch or save the model again".formatted(unetDirectory, WEIGHTS));
    }
    return new UNet(config, inOrder(unetDirectory, specs, found));
  }

  /**
   * Writes a model, each file atomically; the directory is made if it is not there.
   *
   * @throws IOException in one line naming the file and the cause
   */
  public static void writeUNet(
      Path unetDirectory, UNet2DConfig config, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    AtomicFiles.makeDirectory(unetDirectory);
    Safetensors.write(unetDirectory.resolve(WEIGHTS), parameters, Safetensors.PYTORCH_METADATA);
    config.write(unetDirectory.resolve(CONFIG));
  }

  /** The shard files an index names, each once; a name with a directory in it is refused. */
  private static List<Path> shards(Path directory, JsonFields index) {
    Set<String> names = new LinkedHashSet<>(index.object("weight_map").allStrings().values());
    if (names.isEmpty()) {
      throw new IllegalArgumentException("weight_map is empty; fetch or save the model again");
    }
    for (String name : names) {
      if (name.isEmpty() || name.contains("/") || name.contains("\\") || name.contains("\0")) {
        throw new IllegalArgumentException(
            "weight_map names %s; it must name files of this directory"
                .formatted(Messages.oneLine(name)));
      }
    }
    return names.stream().map(directory::resolve).toList();
  }

  private static void readFile(
      Path path, Set<String> expected, SequencedMap<String, HostTensor> found) throws IOException {
    try (SafetensorsFile file = Safetensors.open(path)) {
      for (String name : file.names()) {
        if (found.put(currentName(name, expected), file.tensor(name)) != null) {
          throw new IOException(
              "%s: parameter %s comes twice; save the model again"
                  .formatted(path, Messages.oneLine(name)));
        }
      }
    }
  }

  /** Maps {@code attentions.0.query.weight} to {@code attentions.0.to_q.weight} and so on. */
  private static String currentName(String name, Set<String> expected) {
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
      Path directory, List<ParameterSpec> specs, SequencedMap<String, HostTensor> found)
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
