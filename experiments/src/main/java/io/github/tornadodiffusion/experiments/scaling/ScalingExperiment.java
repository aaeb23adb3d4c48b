package io.github.tornadodiffusion.experiments.scaling;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.experiments.framework.QuickTime;
import io.github.tornadodiffusion.experiments.study.StudyOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how the cost of a model grows. */
@Command(
    name = ScalingExperiment.NAME,
    description = {
      "Measures how time, memory and operations of a forward pass and a training step grow with"
          + " image size, width and batch, and fits exponents.",
      "Run it on a machine that does nothing else."
    })
public final class ScalingExperiment implements Callable<Integer> {
  static final String NAME = "scaling";

  /** The experiment and its report. */
  public static final Experiment.Kind KIND = new Experiment.Kind(NAME, ScalingReport::of);

  private static final int MOST = 4096;

  /** What --quick decides. */
  private static final List<String> DECIDED =
      List.of("--sizes", "--channels", "--batches", "--runs");

  private static final int LEAST_CHANNELS = 16;
  private static final int LEAST_RUNS = 3;

  /** Below this share of the time of --quick there are two values of every axis. */
  private static final double FEW_VALUES = 0.4;

  @Spec CommandSpec spec;

  @Option(
      names = "--preset",
      paramLabel = "P",
      defaultValue = Presets.DEFAULT,
      description = "The model: digits, butterflies or unit1 (default: ${DEFAULT-VALUE}).")
  String preset;

  @Option(
      names = "--sizes",
      split = ",",
      paramLabel = "N",
      description =
          "Widths and heights of images in pixels (default: 8,16,32,64; with --quick 8,16,32).")
  List<Integer> sizes;

  @Option(
      names = "--channels",
      split = ",",
      paramLabel = "N",
      description =
          "Channels of the first block; the others keep their proportions (default: 16,32,64,128;"
              + " with --quick 16,32,64; of models with 32 groups twice as many).")
  List<Integer> channels;

  @Option(
      names = "--batches",
      split = ",",
      paramLabel = "N",
      description = "Images a run (default: 1,2,4,8,16,32,64; with --quick 1,4,16).")
  List<Integer> batches;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Images a run where size or channels change (default: ${DEFAULT-VALUE}).")
  int batch;

  @Option(
      names = "--runs",
      paramLabel = "N",
      description = "Runs of each, warm-up included (default: 30; with --quick 10).")
  Integer runs;

  @Mixin DeviceOptions device;

  @Mixin ExperimentOptions run;

  @Override
  public Integer call() throws IOException {
    OptionalInt again = run.again(spec);
    if (again.isPresent()) {
      return again.getAsInt();
    }
    Preset model = Presets.named(preset);
    PrintWriter err = spec.commandLine().getErr();
    try (ScalingStudy study = new ScalingStudy(model, axes(model, 1), runs(1), device, err)) {
      Ineffective ignored =
          device.note(Ineffective.of(spec)).noteQuick(DECIDED.toArray(String[]::new));
      if (!DECIDED.stream().allMatch(ignored::given)) {
        QuickTime.fit(
            run,
            err,
            share -> {
              study.plan(axes(model, share), runs(share));
              return study.estimateSeconds();
            },
            study::measureAnew,
            study::describe);
      }
      return ExperimentRun.execute(study, run, spec, ignored);
    }
  }

  /** Fewer values of every axis where the time of --quick is short: the dearest are left out. */
  private ScalingStudy.Axes axes(Preset model, double share) {
    int least = share < FEW_VALUES ? 2 : 3;
    int groups = model.model().normNumGroups();
    return new ScalingStudy.Axes(
        checked("--sizes", sizes, List.of(8, 16, 32, 64), List.of(8, 16, 32).subList(0, least)),
        checked(
            "--channels",
            channels,
            Stream.of(1, 2, 4, 8).map(times -> times * first(groups)).toList(),
            Stream.of(1, 2, 4).limit(least).map(times -> times * first(groups)).toList()),
        checked(
            "--batches",
            batches,
            List.of(1, 2, 4, 8, 16, 32, 64),
            List.of(1, 4, 16).subList(0, least)),
        StudyOptions.within("--batch", batch, MOST));
  }

  /** The least channels: 16, or what a model with so many groups needs. */
  private static int first(int groups) {
    return Math.ceilDiv(LEAST_CHANNELS, groups) * groups;
  }

  private int runs(double share) {
    int few = Math.max(LEAST_RUNS, (int) Math.round(share * 10));
    return StudyOptions.within("--runs", StudyOptions.or(runs, 30, few, run.quick), MOST);
  }

  private List<Integer> checked(
      String option, List<Integer> given, List<Integer> full, List<Integer> quick) {
    List<Integer> values = StudyOptions.or(given, full, quick, run.quick);
    values.forEach(value -> StudyOptions.within(option, value, MOST));
    if (values.stream().distinct().count() < 2) {
      throw new IllegalArgumentException(
          "%s is one value; give at least two different ones".formatted(option));
    }
    return values.stream().distinct().sorted().toList();
  }
}
