package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import io.github.tornadodiffusion.nn.training.AdamW;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Everything that a training run needs to continue as if it had never stopped: one safetensors file
 * and the loss curve. Images, timesteps and noise are functions of the settings and the step, so
 * these determine the state of every random stream and the order of the data.
 *
 * @param step steps done
 * @param settings the configuration and the data's hash, as JSON; see {@link #settings}
 * @param parameters the model
 * @param firstMoments AdamW's mean of gradients, by the parameters' names
 * @param secondMoments AdamW's mean of squared gradients
 * @param ema the parameters' moving average; null where the run has none
 * @param curve the steps so far
 */
record TrainingState(
    int step,
    String settings,
    SequencedMap<String, HostTensor> parameters,
    SequencedMap<String, HostTensor> firstMoments,
    SequencedMap<String, HostTensor> secondMoments,
    SequencedMap<String, HostTensor> ema,
    LossCurve curve) {
  static final String TENSORS = "state.safetensors";
  static final String CURVE = "loss.csv";
  private static final String PARAMETERS = "parameters.";

  /** PyTorch's names for AdamW's moments. */
  private static final String FIRST_MOMENTS = "exp_avg.";

  private static final String SECOND_MOMENTS = "exp_avg_sq.";
  private static final String EMA = "ema.";

  private static final String STEP = "step";
  private static final String SETTINGS = "settings";
  private static final String DATA_HASH = "data_hash";
  private static final String NETWORK = "unet";

  /**
   * Settings that may differ: the path of the data, because its hash decides, and the last step.
   */
  private static final Set<String> FREE = Set.of("data", "steps");

  /**
   * The settings of a run, one value per line; see {@link #check} for what may differ when it is
   * resumed.
   */
  static String settings(TrainingTask config, Dataset dataset) {
    Map<String, Object> map = config.toMap();
    map.put(DATA_HASH, dataset.hash());
    return Json.write(map);
  }

  /** What AdamW keeps, by its names. */
  Map<String, SequencedMap<String, HostTensor>> moments() {
    return Map.of(AdamW.FIRST_MOMENTS, firstMoments, AdamW.SECOND_MOMENTS, secondMoments);
  }

  /** Writes the files of a checkpoint. */
  void write(Path directory) throws IOException {
    SequencedMap<String, HostTensor> all = new LinkedHashMap<>();
    parameters.forEach((name, tensor) -> all.put(PARAMETERS + name, tensor));
    firstMoments.forEach((name, tensor) -> all.put(FIRST_MOMENTS + name, tensor));
    secondMoments.forEach((name, tensor) -> all.put(SECOND_MOMENTS + name, tensor));
    if (ema != null) {
      ema.forEach((name, tensor) -> all.put(EMA + name, tensor));
    }
    curve.write(directory.resolve(CURVE));
    Safetensors.write(
        directory.resolve(TENSORS), all, Map.of(STEP, Integer.toString(step), SETTINGS, settings));
  }

  /**
   * Reads the state of a run.
   *
   * @param directory of a checkpoint
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  static TrainingState read(Path directory) throws IOException {
    try (SafetensorsFile tensors = Safetensors.open(directory.resolve(TENSORS))) {
      SequencedMap<String, HostTensor> ema = part(tensors, EMA);
      return new TrainingState(
          step(tensors),
          tensors.metadata().getOrDefault(SETTINGS, ""),
          part(tensors, PARAMETERS),
          part(tensors, FIRST_MOMENTS),
          part(tensors, SECOND_MOMENTS),
          ema.isEmpty() ? null : ema,
          LossCurve.read(directory.resolve(CURVE)));
    } catch (IllegalArgumentException e) {
      throw new IOException("%s: %s".formatted(directory.resolve(TENSORS), e.getMessage()), e);
    }
  }

  /**
   * Checks that a run can continue from the state in a directory, without reading its tensors.
   *
   * @param directory of a checkpoint
   * @throws IOException in one line if there is no state or it is damaged
   * @throws IllegalArgumentException in one line naming the first setting that differs
   */
  static void check(Path directory, TrainingTask config, Dataset dataset) throws IOException {
    try (SafetensorsFile tensors = Safetensors.open(directory.resolve(TENSORS))) {
      int done = step(tensors);
      LossCurve.read(directory.resolve(CURVE));
      checkSettings(tensors.metadata().getOrDefault(SETTINGS, ""), settings(config, dataset));
      if (done > config.steps()) {
        throw new IllegalArgumentException(
            "The run to resume has done %d steps and is to end after %d: give at least as many"
                .formatted(done, config.steps()));
      }
    }
  }

  private static int step(SafetensorsFile tensors) throws IOException {
    String step = tensors.metadata().getOrDefault(STEP, "");
    if (!step.matches("[0-9]{1,9}")) {
      throw new IOException(tensors.path() + " is not a training state: start the run anew");
    }
    return Integer.parseInt(step);
  }

  private static SequencedMap<String, HostTensor> part(SafetensorsFile file, String prefix) {
    SequencedMap<String, HostTensor> part = new LinkedHashMap<>();
    for (String name : file.names()) {
      if (name.startsWith(prefix)) {
        part.put(name.substring(prefix.length()), file.tensor(name));
      }
    }
    return part;
  }

  private static void checkSettings(String before, String now) {
    List<String> earlier = compared(before);
    List<String> later = compared(now);
    // The network differs where any of its options does, and says less than these.
    later.sort(Comparator.comparing(line -> key(line).equals(NETWORK)));
    for (String value : later) {
      if (earlier.contains(value)) {
        continue;
      }
      if (key(value).equals(DATA_HASH)) {
        throw new IllegalArgumentException(
            "The run to resume trains on other images: give the --data it began with");
      }
      throw otherSetting(withKey(earlier, key(value)), value);
    }
    for (String value : earlier) {
      if (later.stream().noneMatch(line -> key(line).equals(key(value)))) {
        throw otherSetting(value, "nothing");
      }
    }
  }

  private static String withKey(List<String> settings, String key) {
    return settings.stream().filter(line -> key(line).equals(key)).findFirst().orElse("nothing");
  }

  private static IllegalArgumentException otherSetting(String before, String now) {
    if (key(now).equals(NETWORK)) {
      return new IllegalArgumentException(
          "The run to resume has another network: give the options it began with");
    }
    return new IllegalArgumentException(
        "The run to resume has %s where this one has %s: give the options it began with"
            .formatted(before, now));
  }

  /** The lines {@code "key": value} of settings that must be equal. */
  private static List<String> compared(String settings) {
    return settings
        .lines()
        .map(String::strip)
        .filter(line -> line.contains(":") && !FREE.contains(key(line)))
        .map(line -> line.endsWith(",") ? line.substring(0, line.length() - 1) : line)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private static String key(String line) {
    return line.contains(":") ? line.substring(0, line.indexOf(':')).replace("\"", "") : line;
  }
}
