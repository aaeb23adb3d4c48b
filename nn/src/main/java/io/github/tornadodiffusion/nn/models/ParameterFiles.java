package io.github.tornadodiffusion.nn.models;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import io.github.tornadodiffusion.nn.io.WeightFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The parameters in a model's directory, as diffusers' and transformers' {@code save_pretrained}
 * write them beside a configuration.
 */
public final class ParameterFiles {
  /** The configuration's file name. */
  public static final String CONFIG = "config.json";

  /** The frequencies of Fourier features, which diffusers 0.27 saves twice. */
  public static final String FREQUENCIES = "time_proj.weight";

  /** The other name of the frequencies. */
  public static final String SAME_FREQUENCIES = "time_proj.W";

  /** The names attention layers had before diffusers 0.16, and those they have now. */
  private static final Map<String, String> OLD_ATTENTION_NAMES =
      Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");

  /** What older versions of transformers save beside the parameters of a text encoder. */
  private static final String POSITIONS = ".position_ids";

  private ParameterFiles() {}

  /**
   * Reads the parameters of a model: one safetensors file, or several with an index, of any float
   * type and variant.
   *
   * @param specs the parameters that the model has
   * @return them by PyTorch's names, in the order of the specifications
   * @throws IOException in one line naming the file, the cause and the remedy, if a file is missing
   *     or damaged or the parameters are not the expected ones
   */
  public static SequencedMap<String, HostTensor> read(Path directory, List<ParameterSpec> specs)
      throws IOException {
    return read(directory, specs, name -> false, "");
  }

  /**
   * The same with something to say of certain parameters that do not fit.
   *
   * @param hinted which parameters
   * @param hint what to say of them
   */
  public static SequencedMap<String, HostTensor> read(
      Path directory, List<ParameterSpec> specs, Predicate<String> hinted, String hint)
      throws IOException {
    Set<String> names =
        specs.stream()
            .map(ParameterSpec::name)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    SequencedMap<String, HostTensor> found = new LinkedHashMap<>();
    for (Path file : WeightFiles.of(directory)) {
      readFile(file, names, found);
    }
    return inOrder(directory, specs, found, hinted, hint);
  }

  /**
   * Writes a model, each file atomically; the directory is made if it is not there.
   *
   * @param config the text of its configuration
   * @param weights the name of the file of its parameters
   * @throws IOException in one line naming the file and the cause
   */
  public static void write(
      Path directory, String config, String weights, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    AtomicFiles.makeDirectory(directory);
    Safetensors.write(directory.resolve(weights), parameters, Safetensors.PYTORCH_METADATA);
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
        if (!expected.contains(current) && (!file.isReadable(name) || name.endsWith(POSITIONS))) {
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
      List<ParameterSpec> specs,
      SequencedMap<String, HostTensor> found,
      Predicate<String> hinted,
      String hint)
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
    if (Stream.concat(missing.stream(), surplus.stream()).anyMatch(hinted)) {
      causes.add(hint);
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
