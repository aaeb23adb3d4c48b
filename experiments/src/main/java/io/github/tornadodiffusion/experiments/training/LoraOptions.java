package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.training.TextTraining;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of a training whose result is a LoRA, or a whole model. */
final class LoraOptions {
  private static final List<String> TARGETS = List.of("to_q", "to_k", "to_v", "to_out.0");
  private static final List<String> TEXT_TARGETS =
      List.of("q_proj", "k_proj", "v_proj", "out_proj");
  private static final String NONE = "without --lora-rank the whole model is trained";

  @Option(
      names = "--lora-rank",
      paramLabel = "N",
      description = "Train a LoRA of this rank and not the whole model.")
  Integer rank;

  @Option(
      names = "--lora-alpha",
      paramLabel = "F",
      description = "Its changes are multiplied by alpha / rank (default: the rank).")
  Double alpha;

  @Option(
      names = "--lora-targets",
      paramLabel = "NAMES",
      split = ",",
      description =
          "Layers of the UNet, by the last parts of their names (default:"
              + " to_q,to_k,to_v,to_out.0).")
  List<String> targets;

  @Option(
      names = "--train-text-encoder",
      description = "Train the text encoder, too (Stable Diffusion 1 and 2).")
  boolean textEncoder;

  /** What is trained. */
  TextTraining.Trained trained() {
    return new TextTraining.Trained(
        textEncoder,
        rank == null
            ? null
            : new TextTraining.LoraOptions(
                rank,
                alpha == null ? rank : alpha,
                targets == null ? TARGETS : targets,
                TEXT_TARGETS),
        null);
  }

  void note(Ineffective ignored) {
    ignored.note("--lora-alpha", rank == null, NONE).note("--lora-targets", rank == null, NONE);
  }
}
