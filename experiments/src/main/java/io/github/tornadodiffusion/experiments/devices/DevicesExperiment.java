package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.experiments.framework.QuickTime;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Compares devices: the same program on each, the speed of its kernels, and their errors. */
@Command(
    name = DevicesPlan.NAME,
    description = {
      "Compares devices: speed of a forward pass, a training step and sampling against the batch,"
          + " every kernel beside the device's measured peaks, and its error.",
      "Errors are against double precision; where one is too large there are no figures."
    })
public final class DevicesExperiment implements Callable<Integer> {
  private static final List<Integer> BATCHES = List.of(1, 2, 4, 8, 16, 32, 64);
  private static final List<Integer> QUICK_BATCHES = List.of(1, 8);
  private static final int RUNS = 20;
  private static final int QUICK_RUNS = 10;
  private static final int LEAST_RUNS = 2;

  @Spec CommandSpec spec;

  @Mixin ExperimentOptions options;

  @Option(
      names = "--device",
      split = ",",
      paramLabel = "ID",
      description = {
        "Devices to compare: java (the jvm device without vectors), jvm (on one thread and on all),"
            + " or others that 'devices' lists (default: all)."
      })
  List<String> devices;

  @Option(
      names = "--kernels",
      split = ",",
      paramLabel = "SET",
      defaultValue = "auto",
      description =
          "Variants of kernels to compare on devices of TornadoVM: lanes, tiles,"
              + " threads or auto.")
  List<String> kernels;

  @Option(
      names = "--preset",
      paramLabel = "P",
      description = "The model (default: unit1; with --quick butterflies).")
  String preset;

  @Option(
      names = "--batches",
      split = ",",
      paramLabel = "N",
      description = "Images a run (default: 1,2,4,8,16,32,64; with --quick 1,8).")
  List<Integer> batches;

  @Option(
      names = "--runs",
      paramLabel = "N",
      description = {
        "Runs of a program with a batch of 8 or more, the first included (default: 20; with --quick"
            + " 10).",
        "Of smaller batches there are more, of sampling a quarter."
      })
  Integer runs;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "The most threads of the jvm device (default: all cores).")
  Integer threads;

  @Override
  public Integer call() throws IOException {
    OptionalInt again = options.again(spec);
    if (again.isPresent()) {
      return again.getAsInt();
    }
    List<Integer> sizes = batches(1);
    int count = runs(1);
    if (count < 2 || sizes.stream().anyMatch(batch -> batch < 1)) {
      throw new IllegalArgumentException(
          "--batches is %s and --runs %d; give at least 1 image and 2 runs"
              .formatted(sizes, count));
    }
    String model = preset != null ? preset : options.quick ? "butterflies" : "unit1";
    DeviceOptions jvm = DeviceOptions.of("jvm", "auto", threads);
    jvm.check();
    List<DeviceRow> rows = DeviceRow.of(devices, kernels, jvm.threads());
    Preset chosen = Presets.named(model);
    DevicesPlan[] planned = {plan(rows, chosen, 1)};
    double[] image = {0};
    QuickTime.fit(
        options,
        spec.commandLine().getErr(),
        share -> {
          planned[0] = plan(rows, chosen, share);
          image[0] = image[0] == 0 ? planned[0].imageSeconds() : image[0];
          return planned[0].seconds(image[0]);
        },
        () -> image[0] = 0,
        () ->
            "batches %s, %d runs"
                .formatted(planned[0].settings().batches(), planned[0].settings().runs()));
    DevicesPlan plan = planned[0];
    Ineffective ignored =
        Ineffective.of(spec)
            .note(
                "--kernels",
                plan.rows().stream().noneMatch(DeviceRow::isTornado),
                "it is for devices of TornadoVM and none is compared; leave it out")
            .note(
                "--threads",
                plan.rows().stream().noneMatch(row -> row.device().equals("jvm")),
                "they are those of the jvm device, which is not compared; leave it out");
    return ExperimentRun.execute(plan, options, spec, ignored);
  }

  private DevicesPlan plan(List<DeviceRow> rows, Preset model, double share) {
    return new DevicesPlan(
        rows, DevicesSettings.of(model, batches(share), runs(share), options.quick));
  }

  private List<Integer> batches(double share) {
    List<Integer> few = share < 1 ? QUICK_BATCHES.subList(0, 1) : QUICK_BATCHES;
    return batches != null ? batches : options.quick ? few : BATCHES;
  }

  private int runs(double share) {
    int few = Math.max(LEAST_RUNS, (int) Math.round(share * QUICK_RUNS));
    return runs != null ? runs : options.quick ? few : RUNS;
  }
}
