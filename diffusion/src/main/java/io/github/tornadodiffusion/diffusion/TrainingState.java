package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.nn.HostTensor;
import io.github.tornadodiffusion.nn.Json;
import io.github.tornadodiffusion.nn.Safetensors;
import io.github.tornadodiffusion.nn.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Everything that a training run needs to go on as if it had never stopped. It lies in {@code
 * training_state/} of the run's directory: one safetensors file, written atomically, and the loss
 * curve.
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
  private static final String DIRECTORY = "training_state";
  private static final String TENSORS = "state.safetensors";
  private static final String CURVE = "loss.csv";
  private static final String PARAMETERS = "parameters.";

  /** PyTorch's names for AdamW's moments. */
  private static final String FIRST_MOMENTS = "exp_avg.";

  private static final String SECOND_MOMENTS = "exp_avg_sq.";
  private static final String EMA = "ema.";

  /** What must be equal when a run goes on, one value a line, and the number of steps. */
  static String settings(TrainingConfig config, Dataset dataset) {
    Map<String, Object> map = config.toMap();
    map.put("data_hash", dataset.hash());
    return Json.write(map);
  }

  /** Whether the directory holds the state of a run. */
  static boolean exists(Path runDirectory) {
    return Files.isRegularFile(runDirectory.resolve(DIRECTORY).resolve(TENSORS));
  }

  /** Writes the state; an earlier one stays whole until the new one is. */
  void write(Path runDirectory) throws IOException {
    Path directory = Files.createDirectories(runDirectory.resolve(DIRECTORY));
    SequencedMap<String, HostTensor> all = new LinkedHashMap<>();
    parameters.forEach((name, tensor) -> all.put(PARAMETERS + name, tensor));
    firstMoments.forEach((name, tensor) -> all.put(FIRST_MOMENTS + name, tensor));
    secondMoments.forEach((name, tensor) -> all.put(SECOND_MOMENTS + name, tensor));
    if (ema != null) {
      ema.forEach((name, tensor) -> all.put(EMA + name, tensor));
    }
    // The curve may be ahead of the tensors, never behind: reading cuts it.
    curve.write(directory.resolve(CURVE));
    Safetensors.write(
        directory.resolve(TENSORS),
        all,
        Map.of("step", Integer.toString(step), "settings", settings));
  }

  /**
   * Reads the state of a run.
   *
   * @throws IOException in one line naming the file, the cause and the mend
   */
  static TrainingState read(Path runDirectory) throws IOException {
    if (!exists(runDirectory)) {
      throw new IOException(
          "%s holds no training state to resume: start the run without --resume"
              .formatted(runDirectory));
    }
    Path directory = runDirectory.resolve(DIRECTORY);
    Path file = directory.resolve(TENSORS);
    try (SafetensorsFile tensors = Safetensors.open(file)) {
      int step = Integer.parseInt(tensors.metadata().getOrDefault("step", ""));
      LossCurve curve = new LossCurve();
      LossCurve.read(directory.resolve(CURVE)).rows().stream()
          .filter(row -> row.step() <= step)
          .forEach(curve::add);
      SequencedMap<String, HostTensor> ema = part(tensors, EMA);
      return new TrainingState(
          step,
          tensors.metadata().getOrDefault("settings", ""),
          part(tensors, PARAMETERS),
          part(tensors, FIRST_MOMENTS),
          part(tensors, SECOND_MOMENTS),
          ema.isEmpty() ? null : ema,
          curve);
    } catch (NumberFormatException e) {
      throw new IOException(file + " is not a training state: start the run anew", e);
    }
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

  /**
   * Checks that a run with other settings than the number of steps does not go on from here.
   *
   * @throws IllegalArgumentException in one line naming the first values that differ
   */
  void checkSettings(String others) {
    List<String> before = compared(settings);
    List<String> now = compared(others);
    for (String value : now) {
      if (!before.contains(value)) {
        String key = value.substring(0, value.indexOf(':') + 1);
        String earlier =
            before.stream().filter(line -> line.startsWith(key)).findFirst().orElse("nothing");
        throw new IllegalArgumentException(
            "The run to resume has %s where this one has %s: give the options it began with"
                .formatted(earlier, value));
      }
    }
  }

  private static List<String> compared(String settings) {
    List<String> lines = new ArrayList<>();
    for (String line : settings.lines().map(String::strip).toList()) {
      if (line.contains(":") && !line.startsWith("\"steps\":")) {
        lines.add(line.endsWith(",") ? line.substring(0, line.length() - 1) : line);
      }
    }
    return lines;
  }
}
