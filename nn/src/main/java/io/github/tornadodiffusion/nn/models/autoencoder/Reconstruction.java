package io.github.tornadodiffusion.nn.models.autoencoder;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.DivergenceOperation;
import io.github.tornadodiffusion.nn.operations.GaussianOperation;
import io.github.tornadodiffusion.nn.operations.MeanSquaredErrorOperation;
import io.github.tornadodiffusion.nn.programs.LossWeights;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What an autoencoder is trained for: the mean squared error of what it makes of an image, and the
 * divergence of the latents' distribution from the standard normal one (Kingma and Welling 2014).
 *
 * @param model as a whole
 * @param givenNoise whether the host gives {@link AutoencoderKL#NOISE}; otherwise the device draws
 *     it
 */
public record Reconstruction(AutoencoderKL model, boolean givenNoise) implements Objective {
  /** The loss by which images differ, a mean over their elements. */
  public static final String ERROR = "error";

  /**
   * The divergence of an image's latents in nats, a sum over them. Its weight ({@link LossWeights})
   * is small against 1.
   */
  public static final String DIVERGENCE = "divergence";

  /** The objective with noise that the host gives. */
  public Reconstruction(AutoencoderKL model) {
    this(model, true);
  }

  /** The stream of the noise that latents are drawn with. */
  private static final int NOISE_STREAM = 0;

  @Override
  public Parameters parameters() {
    return model.parameters();
  }

  @Override
  public Losses record(Graph graph, BatchShape batch) {
    Map<String, Tensor> drawn =
        givenNoise
            ? Map.of()
            : Map.of(
                AutoencoderKL.NOISE,
                GaussianOperation.record(
                    graph,
                    AutoencoderKL.NOISE,
                    model.input(batch, AutoencoderKL.NOISE).shape(),
                    NOISE_STREAM));
    Map<String, Tensor> inputs = graph.inputs(model.inputs(batch), drawn);
    SequencedMap<String, Tensor> outputs = model.record(graph, inputs);
    Tensor error =
        MeanSquaredErrorOperation.record(
            graph,
            ERROR,
            outputs.get(AutoencoderKL.RECONSTRUCTION),
            inputs.get(AutoencoderKL.IMAGES));
    Tensor divergence =
        DivergenceOperation.record(
            graph, DIVERGENCE, outputs.get(AutoencoderKL.MEAN), outputs.get(AutoencoderKL.LOGVAR));
    return new Losses(Outputs.of(ERROR, error, DIVERGENCE, divergence), outputs);
  }
}
