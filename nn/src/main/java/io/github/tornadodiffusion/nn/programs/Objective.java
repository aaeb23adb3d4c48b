package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.CrossEntropyOperation;
import io.github.tornadodiffusion.nn.operations.MeanSquaredErrorOperation;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What a model is trained for: the computation from the inputs of the host to one loss per image.
 * It declares its inputs with {@link Graph#input} while it is recorded.
 */
public interface Objective {
  /** The parameters of the model. */
  Parameters parameters();

  /** Records the model on a batch, and its loss. */
  Losses record(Graph graph, BatchShape batch);

  /**
   * What an objective records.
   *
   * @param perImage losses by name, each {@code [1, 1, 1, n]}, the most informative one first. What
   *     is minimised is the sum of their means over the batch, with weights
   * @param outputs of the model, by name
   */
  record Losses(SequencedMap<String, Tensor> perImage, SequencedMap<String, Tensor> outputs) {
    /** The name of a loss without a name of its own. */
    public static final String LOSS = "loss";
  }

  /** A loss of a model's outputs. */
  @FunctionalInterface
  interface Criterion {
    /**
     * Records the loss.
     *
     * @param outputs of the model, by name
     * @return {@code [1, 1, 1, n]}
     */
    Tensor record(Graph graph, Map<String, Tensor> outputs);
  }

  /** A model on its inputs as the host gives them, with a loss of its outputs. */
  static Objective of(Model model, Criterion criterion) {
    return new Objective() {
      @Override
      public Parameters parameters() {
        return model.parameters();
      }

      @Override
      public Losses record(Graph graph, BatchShape batch) {
        SequencedMap<String, Tensor> outputs =
            model.record(graph, graph.inputs(model.inputs(batch)));
        Tensor loss = criterion.record(graph, outputs);
        return new Losses(Outputs.of(Losses.LOSS, loss), outputs);
      }
    };
  }

  /**
   * The mean squared error of images to those that the host gives under the name {@code target}.
   *
   * @param output the name of the images
   */
  static Objective meanSquaredError(Model model, String output) {
    return of(
        model,
        (graph, outputs) -> {
          Tensor predicted = outputs.get(output);
          Tensor target = graph.input(Input.imagesLike("target", predicted));
          return MeanSquaredErrorOperation.record(graph, Losses.LOSS, predicted, target);
        });
  }

  /**
   * The cross-entropy to the labels that the host gives under the name {@code labels}, {@code [n]}.
   *
   * @param output the name of the logits
   */
  static Objective crossEntropy(Model model, String output) {
    return of(
        model,
        (graph, outputs) -> {
          Tensor logits = outputs.get(output);
          Tensor labels = graph.input(Input.labels("labels", logits.n(), logits.c()));
          return CrossEntropyOperation.record(graph, Losses.LOSS, logits, labels);
        });
  }
}
