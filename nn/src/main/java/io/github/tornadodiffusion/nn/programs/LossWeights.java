package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The weight of every image in each of an objective's losses. Weights are inputs of the program,
 * because differentiation starts from them. Weights that the host does not give are 1.
 */
public final class LossWeights {
  private final Map<String, Integer> lengths = new LinkedHashMap<>();
  private final Map<Tensor, Tensor> gradients = new LinkedHashMap<>();

  /** Declares an input {@code [n]} for every loss. */
  public LossWeights(Graph graph, Objective.Losses losses) {
    losses
        .perImage()
        .forEach((name, loss) -> {
          lengths.put(of(name), loss.c());
          gradients.put(loss, graph.input(Input.numbers(of(name), loss.c())));
        });
  }

  /** The input's name for the loss of that name. */
  public static String of(String loss) {
    return loss + " weights";
  }

  /** The gradient of every loss. */
  public Map<Tensor, Tensor> gradients() {
    return gradients;
  }

  /** The values, with weights of 1 wherever there are none. */
  public Map<String, float[]> complete(Map<String, float[]> values) {
    Map<String, float[]> all = new HashMap<>(values);
    lengths.forEach((name, length) ->
        all.computeIfAbsent(
            name,
            n -> {
              float[] ones = new float[length];
              Arrays.fill(ones, 1);
              return ones;
            }));
    return all;
  }
}
