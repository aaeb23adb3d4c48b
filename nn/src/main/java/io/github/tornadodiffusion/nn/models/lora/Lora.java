package io.github.tornadodiffusion.nn.models.lora;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Messages;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * Low-rank changes of layers of a model: {@code y = W x + (alpha / r) B A x}.
 *
 * @param pairs by the path of the layer in its model, for instance {@code mid_block.attentions.0
 *     .transformer_blocks.0.attn1.to_q}
 */
public record Lora(SequencedMap<String, Pair> pairs) {
  /** The last part of the name of a layer's weight. */
  static final String WEIGHT = ".weight";

  /** Copies the map. */
  public Lora {
    pairs = new LinkedHashMap<>(pairs);
  }

  /**
   * The change of one layer.
   *
   * @param down A, {@code [r, in]}, with the sizes of the kernel behind it for a convolution
   * @param up B, {@code [out, r]}, likewise with two ones behind it
   * @param alpha see {@link Lora}
   */
  public record Pair(HostTensor down, HostTensor up, double alpha) {
    /** The number of rows of A. */
    public int rank() {
      return down.shape()[0];
    }

    /** What the product of B and A is multiplied by. */
    public double factor() {
      return alpha / rank();
    }
  }

  /**
   * New ones, as peft's {@code init_lora_weights="gaussian"} makes them: A is normal with deviation
   * 1 / r, and B is zero, so that nothing changes yet.
   *
   * @param specs of the model
   * @param targets which layers, by the last parts of their paths, for instance {@code to_q}
   * @param rank r
   * @throws IllegalArgumentException in one line if no layer is one of them
   */
  public static Lora initial(
      List<ParameterSpec> specs, List<String> targets, int rank, double alpha, long seed) {
    if (rank < 1) {
      throw new IllegalArgumentException(
          "a LoRA of rank %d changes nothing: use 1 or more".formatted(rank));
    }
    Predicate<String> chosen =
        name -> targets.stream().anyMatch(t -> name.endsWith("." + t) || name.equals(t));
    SplittableRandom random = new SplittableRandom(seed);
    SequencedMap<String, Pair> pairs = new LinkedHashMap<>();
    for (ParameterSpec spec : specs) {
      if (isLayer(spec) && chosen.test(module(spec))) {
        int[] shape = spec.shape().clone();
        int[] up = shape.clone();
        Arrays.fill(up, 1, up.length, 1);
        up[1] = rank;
        shape[0] = rank;
        float[] values = new float[Math.toIntExact(HostTensor.size(shape))];
        for (int i = 0; i < values.length; i++) {
          values[i] = (float) (random.nextGaussian() / rank);
        }
        HostTensor zeros = new HostTensor(up, new float[Math.toIntExact(HostTensor.size(up))]);
        pairs.put(module(spec), new Pair(new HostTensor(shape, values), zeros, alpha));
      }
    }
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException(
          "the model has no layer called %s: name linear layers of it"
              .formatted(Messages.firstOf(targets)));
    }
    return new Lora(pairs);
  }

  static boolean isLayer(ParameterSpec spec) {
    boolean layer = spec.kind() == Kind.LINEAR_WEIGHT || spec.kind() == Kind.CONV_WEIGHT;
    return layer && spec.name().endsWith(WEIGHT);
  }

  static String module(ParameterSpec spec) {
    return spec.name().substring(0, spec.name().length() - WEIGHT.length());
  }

  /**
   * The parameters of a model with the changes added to its weights, {@code W + scale (alpha / r) B
   * A}: as fast as the model, but no longer to be told apart from it. Several are added one after
   * another.
   *
   * @param parameters of the model
   */
  public SequencedMap<String, HostTensor> fuse(Map<String, HostTensor> parameters, double scale) {
    SequencedMap<String, HostTensor> fused = new LinkedHashMap<>(parameters);
    pairs.forEach((module, pair) ->
        fused.computeIfPresent(
            module + WEIGHT, (name, weight) -> sum(weight, pair, scale * pair.factor())));
    return fused;
  }

  private static HostTensor sum(HostTensor weight, Pair pair, double factor) {
    float[] values = weight.values().clone();
    float[] up = pair.up.values();
    float[] down = pair.down.values();
    int rank = pair.rank();
    int columns = down.length / rank;
    for (int row = 0; row < up.length / rank; row++) {
      for (int column = 0; column < columns; column++) {
        double product = 0;
        for (int r = 0; r < rank; r++) {
          product += (double) up[row * rank + r] * down[r * columns + column];
        }
        values[row * columns + column] += (float) (factor * product);
      }
    }
    return new HostTensor(weight.shape(), values);
  }
}
