package io.github.tornadodiffusion.nn.graph;

import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A neural network: its parameters, its inputs, and how its outputs are computed from them.
 *
 * <p>A model is built of modules, each of which declares its parameters in the {@link Scope} that
 * it is given and has a method that records it on a {@link Graph}. Neither modules nor models know
 * whether the program will predict, differentiate or train, nor on which device.
 *
 * <pre>{@code
 * final class Mlp implements Model {
 *   private final Scope scope = Scope.root();
 *   private final Conv2d first = Conv2d.linear(scope.child("first"), 8, 32, true);
 *   private final Conv2d second = Conv2d.linear(scope.child("second"), 32, 3, true);
 *
 *   public Parameters parameters() {
 *     return scope.parameters();
 *   }
 *
 *   public List<Input> inputs(BatchShape batch) {
 *     return List.of(Input.vectors("x", batch.images(), 8));
 *   }
 *
 *   public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
 *     Tensor hidden = first.apply(graph, inputs.get("x"));
 *     hidden = ActivationOperation.record(graph, "act", Activation.SILU, hidden);
 *     return Outputs.of("y", second.apply(graph, hidden));
 *   }
 * }
 * }</pre>
 */
public interface Model {
  /**
   * The name, in models that denoise, of the noisy images that they read and of their prediction.
   */
  String SAMPLE = "sample";

  /** The name, in models that denoise, of the timestep of every image. */
  String TIMESTEPS = "timesteps";

  /** The name, in models that denoise, of the class of every image. */
  String CLASS_LABELS = "class_labels";

  /** All parameters, in PyTorch's {@code state_dict} order. */
  Parameters parameters();

  /**
   * What the model reads.
   *
   * @throws IllegalArgumentException if it cannot take batches of that shape
   */
  List<Input> inputs(BatchShape batch);

  /**
   * One of the inputs.
   *
   * @throws IllegalArgumentException if the model has none of that name
   */
  default Input input(BatchShape batch, String name) {
    return inputs(batch).stream()
        .filter(input -> input.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("The model has no input " + name));
  }

  /**
   * Records the forward pass.
   *
   * @param inputs by the names that {@link #inputs} declares, with their shapes
   * @return the outputs, by name
   * @throws IllegalArgumentException naming the layer, if shapes do not fit
   */
  SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs);
}
