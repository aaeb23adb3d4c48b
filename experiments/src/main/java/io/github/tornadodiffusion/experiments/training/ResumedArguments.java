package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.experiments.cli.Arguments;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The command line of a run that goes on: the options that it began with, as its manifest has them,
 * and those that are given now, which come before them.
 *
 * @param spec of the command
 */
record ResumedArguments(CommandSpec spec) {
  private static final String RESUME = "--resume";

  /** Options of which a run has one or the other. */
  private static final List<List<String>> EITHER = List.of(List.of("--steps", "--epochs"));

  /**
   * What is known of a run.
   *
   * @return its manifest; a missing node if there is none or it is damaged
   */
  static JsonNode manifest(RunDirectory directory) throws IOException {
    if (Files.isRegularFile(directory.manifest())) {
      try {
        return Json.tree(Files.readString(directory.manifest()));
      } catch (JacksonException e) {
        // A run can go on without it: what must be equal stands in its checkpoints too.
        return Json.tree("{}");
      }
    }
    return Json.tree("{}");
  }

  /**
   * Puts both together.
   *
   * @param given now, with {@code --out} and {@code --resume}
   * @return equal to the given ones if the manifest adds nothing
   */
  List<String> with(JsonNode manifest, List<String> given) {
    List<String> now = parts(given).stream().map(Part::option).toList();
    List<String> all = new ArrayList<>();
    for (Part part : parts(before(manifest, given))) {
      boolean replaced =
          now.contains(part.option)
              || EITHER.stream()
                  .anyMatch(
                      some -> some.contains(part.option) && some.stream().anyMatch(now::contains));
      if (part.option != null && !part.option.equals(RESUME) && !replaced) {
        all.addAll(part.words);
      }
    }
    if (all.isEmpty()) {
      return given;
    }
    List<String> whole = new ArrayList<>(given);
    // After the name of the command, of which they are options too.
    whole.addAll(whole.indexOf(spec.name()) + 1, all);
    return whole;
  }

  /** The arguments that the run began with, with the preset that was chosen. */
  private List<String> before(JsonNode manifest, List<String> given) {
    List<String> before = Arguments.without(manifest, "--out");
    List<String> all = new ArrayList<>(given);
    all.addAll(before);
    boolean presets = spec.findOption("--preset") != null;
    List<String> pinned =
        DeviceOptions.pinned(presets ? ImageOptions.pinned(all, manifest) : all, manifest);
    List<String> with = new ArrayList<>(before);
    with.addAll(pinned.subList(all.size(), pinned.size()));
    return with;
  }

  /**
   * An option with its value.
   *
   * @param option its name without the no- of {@code --no-flip}; null for another word
   */
  private record Part(String option, List<String> words) {}

  private List<Part> parts(List<String> arguments) {
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      String word = arguments.get(i);
      OptionSpec option = option(word);
      if (option == null) {
        parts.add(new Part(null, List.of(word)));
        continue;
      }
      boolean separate =
          option.arity().max() > 0 && !word.contains("=") && i + 1 < arguments.size();
      parts.add(
          new Part(
              option.longestName(), separate ? List.of(word, arguments.get(++i)) : List.of(word)));
    }
    return parts;
  }

  private OptionSpec option(String word) {
    if (!word.startsWith("--")) {
      return null;
    }
    String name = word.contains("=") ? word.substring(0, word.indexOf('=')) : word;
    OptionSpec option = spec.findOption(name);
    return option == null ? spec.findOption(name.replaceFirst("^--no-", "--")) : option;
  }
}
