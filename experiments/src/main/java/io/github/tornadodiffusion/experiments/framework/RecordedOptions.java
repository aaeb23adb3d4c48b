package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.cli.Arguments;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.training.ImageOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import tools.jackson.databind.JsonNode;

/**
 * The options that an experiment chose by itself, from what it recorded of them: with these it is
 * the same experiment again, also on a faster machine and by another version.
 */
public final class RecordedOptions {
  private static final String QUICK = "--quick";

  /** What {@code --quick} decides, and where a manifest has it. */
  private static final Map<String, String> DECIDED =
      Map.ofEntries(
          Map.entry("--seeds", "/configuration/seeds"),
          Map.entry("--steps", "/configuration/training/steps"),
          Map.entry("--samples", "/configuration/samples"),
          Map.entry("--sample-steps", "/configuration/sample_steps"),
          Map.entry("--schedulers", "/configuration/schedulers"),
          Map.entry("--reference-steps", "/configuration/reference_steps"),
          Map.entry("--bound-timesteps", "/configuration/bound_timesteps"),
          Map.entry("--held-out-images", "/configuration/denoised_images"),
          Map.entry("--classifier-steps", "/configuration/classifier_steps"),
          Map.entry("--sizes", "/configuration/sizes"),
          Map.entry("--channels", "/configuration/channels"),
          Map.entry("--batches", "/configuration/batches"),
          Map.entry("--runs", "/configuration/runs"));

  /** What the parts of a training study decide. */
  private static final List<String> STUDY =
      List.of("--seeds", "--steps", "--samples", "--sample-steps", "--classifier-steps");

  /** The options of an experiment that {@link #DECIDED} has; in others they mean something else. */
  private static final Map<String, List<String>> OPTIONS =
      Map.of(
          "schedules", with(STUDY, "--bound-timesteps", "--held-out-images"),
          "prediction", with(STUDY, "--bound-timesteps", "--held-out-images"),
          "samplers", with(STUDY, "--schedulers", "--reference-steps"),
          "scaling", List.of("--sizes", "--channels", "--batches", "--runs"),
          "devices", List.of("--batches", "--runs"));

  private RecordedOptions() {}

  /**
   * The arguments of a run with what it chose.
   *
   * @param run its manifest
   * @return equal to the given ones if nothing was chosen
   */
  public static List<String> with(List<String> arguments, JsonNode run) {
    List<String> all =
        new ArrayList<>(DeviceOptions.pinned(ImageOptions.pinned(arguments, run), run));
    String kind = run.path(ExperimentRun.EXPERIMENT).asString("");
    if (!arguments.contains(QUICK) || !OPTIONS.containsKey(kind)) {
      return all;
    }
    boolean trained = run.at("/configuration/trained").asBoolean(true);
    OPTIONS
        .get(kind)
        .forEach(option -> {
          String place = DECIDED.get(option);
          boolean known = !run.at(place).isMissingNode() && (trained || !option.equals("--steps"));
          if (known && !Arguments.gives(all, option)) {
            all.addAll(List.of(option, text(run.at(place))));
          }
        });
    JsonNode configuration = run.path(ExperimentRun.CONFIGURATION);
    if (configuration.has("training_images") && !Arguments.gives(all, "--images")) {
      int images =
          configuration.path("training_images").asInt()
              + configuration.path("held_out_images").asInt();
      all.addAll(List.of("--images", Integer.toString(images)));
    }
    return all;
  }

  private static List<String> with(List<String> some, String... more) {
    List<String> all = new ArrayList<>(some);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }

  private static String text(JsonNode value) {
    if (!value.isArray()) {
      return value.asString();
    }
    StringJoiner list = new StringJoiner(",");
    value.forEach(one -> list.add(one.asString()));
    return list.toString();
  }
}
