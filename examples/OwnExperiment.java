import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.training.*;
import io.github.tornadodiffusion.experiments.framework.*;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.statistics.PairedComparison;
import io.github.tornadodiffusion.kernels.*;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * An experiment of your own: what do min-SNR weights (Hang et al. 2023) cost at low noise? The two
 * models of a seed begin alike and see the same images, timesteps and noise.
 *
 * <pre>
 * ./tornado-diffusion run examples/OwnExperiment.java --steps 300 --seeds 5
 * ./tornado-diffusion experiment min-snr --plugin examples/OwnExperiment.java --steps 300
 * </pre>
 */
@Command(name = "min-snr", description = "Compares min-SNR weights with none, in pairs.")
public final class OwnExperiment extends CommandExperiment {
  @Option(names = "--steps", description = "Training steps (default: ${DEFAULT-VALUE}).")
  int steps = 300;

  @Option(names = "--seeds", description = "How many pairs (default: ${DEFAULT-VALUE}).")
  int seeds = 5;

  @Override
  public List<Unit> units() {
    return IntStream.range(0, seeds)
        .mapToObj(seed -> Unit.of("seed-" + seed, sink -> pair(seed, sink)))
        .toList();
  }

  private void pair(int seed, Sink sink) {
    double none = loss(seed, LossWeight.UNIFORM, sink);
    sink.row("pair", Map.of("none", none, "min_snr", loss(seed, new MinSnr(5), sink)));
  }

  /** The mean loss, without weights, of the quarter with least noise, in the later half. */
  private double loss(int seed, LossWeight weight, Sink sink) {
    var config =
        TrainingConfig.of(Presets.named("digits"), steps, seed)
            .withVariant(TrainingVariant.PLAIN.withLossWeight(weight));
    try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT);
        Trainer trainer = new Trainer(engine, config, Datasets.open("digits", 8, 1, 0))) {
      trainer.run(row -> sink.progress((double) row.step() / steps, "training"));
      var rows = trainer.curve().rows().stream().skip(steps / 2);
      return rows.mapToDouble(row -> row.quartiles().getFirst()).average().orElseThrow();
    }
  }

  @Override
  protected Report report(ExperimentData data) {
    var rows = data.table("pair");
    if (rows.isEmpty()) {
      return new Report("Min-SNR weights").paragraph("No pair is done yet.");
    }
    double[] none = rows.stream().mapToDouble(row -> row.number("none")).toArray();
    double[] minSnr = rows.stream().mapToDouble(row -> row.number("min_snr")).toArray();
    PairedComparison pairs = PairedComparison.of(minSnr, none);
    String difference = Numbers.general(pairs.meanDifference(), pairs.meanInterval());
    return new Report("Min-SNR weights")
        .paragraph("In %d pairs the loss changes by %s.".formatted(pairs.n(), difference));
  }

  @Override
  public double estimateSeconds() {
    return 0.2 * steps * seeds;
  }

  static void main(String... arguments) {
    System.exit(new OwnExperiment().execute(arguments));
  }
}
