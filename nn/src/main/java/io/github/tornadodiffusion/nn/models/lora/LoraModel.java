package io.github.tornadodiffusion.nn.models.lora;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.models.lora.Lora.Pair;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Any model with a {@link Lora} beside some of its layers. Its parameters are those of the model
 * and the matrices A and B, which {@link #TRAINABLE} trains alone. The model may have a LoRA
 * already, of another name.
 */
public final class LoraModel implements Model {
  /** The matrices of all LoRAs; the model is frozen. */
  public static final Trainable TRAINABLE = Trainable.named(name -> name.contains(".lora_"));

  private final Model model;
  private final Parameters parameters;
  private final String suffix;
  private final SequencedMap<String, Branch> branches = new LinkedHashMap<>();

  /** A layer's {@code factor B A}. */
  private record Branch(String label, Parameter weight, Conv2d down, Conv2d up, double factor) {
    Tensor record(Graph graph, Tensor x, Tensor out) {
      Tensor low = down.apply(graph, x);
      if (factor != 1) {
        low = AffineOperation.scale(graph, label, low, factor);
      }
      return up.apply(graph, low, null, out);
    }
  }

  /**
   * A model with a LoRA.
   *
   * @param name of the LoRA among several; empty if there is but one
   * @param lora whose ranks and alphas count, and whose matrices {@link #with} adds
   * @param scale what its changes are multiplied by, besides alpha / r
   * @throws IllegalArgumentException in one line naming the first layer that the model does not
   *     have or that is a convolution over several pixels, which can only be fused
   */
  public LoraModel(Model model, String name, Lora lora, double scale) {
    this.model = model;
    parameters = new Parameters(model.parameters());
    suffix = name.isEmpty() ? "" : "." + name;
    Map<String, Parameter> weights = new LinkedHashMap<>();
    model.parameters().all().forEach(p -> weights.put(p.name(), p));
    Scope root = new Scope(parameters, "");
    lora.pairs()
        .forEach((module, pair) -> {
          Parameter weight = weights.get(module + Lora.WEIGHT);
          Scope scope = root.child(module);
          scope.check(weight != null, "the model has no such layer for a LoRA to change");
          int[] shape = weight.spec().shape();
          scope.check(
              shape.length == 2 || shape[2] == 1 && shape[3] == 1,
              "a LoRA of a convolution over several pixels can be fused and not trained");
          branches.put(
              module,
              new Branch(
                  scope.child("lora").path(),
                  weight,
                  linear(scope, "lora_A" + suffix, shape[1], pair.rank()),
                  linear(scope, "lora_B" + suffix, pair.rank(), shape[0]),
                  scale * pair.factor()));
        });
  }

  private static Conv2d linear(Scope scope, String name, int in, int out) {
    return Conv2d.linear(scope.child(name), in, out, false);
  }

  /**
   * The values of all parameters: those of the model and the matrices of a LoRA of this one's
   * shape.
   */
  public SequencedMap<String, HostTensor> with(Map<String, HostTensor> ofModel, Lora lora) {
    SequencedMap<String, HostTensor> all = new LinkedHashMap<>(ofModel);
    lora.pairs()
        .forEach((module, pair) -> {
          all.put(name(module, "A"), matrix(pair.down()));
          all.put(name(module, "B"), matrix(pair.up()));
        });
    return all;
  }

  private static HostTensor matrix(HostTensor tensor) {
    int rows = tensor.shape()[0];
    return new HostTensor(new int[] {rows, tensor.values().length / rows}, tensor.values());
  }

  private String name(String module, String matrix) {
    return module + ".lora_" + matrix + suffix + Lora.WEIGHT;
  }

  /**
   * The LoRA among values of parameters, for instance after a training.
   *
   * @param like one of this one's shape, whose alphas it has
   */
  public Lora of(Map<String, HostTensor> values, Lora like) {
    SequencedMap<String, Pair> pairs = new LinkedHashMap<>();
    like.pairs()
        .forEach((module, pair) ->
            pairs.put(
                module,
                new Pair(
                    new HostTensor(pair.down().shape(), values.get(name(module, "A")).values()),
                    new HostTensor(pair.up().shape(), values.get(name(module, "B")).values()),
                    pair.alpha())));
    return new Lora(pairs);
  }

  /** The model's and the matrices. */
  @Override
  public Parameters parameters() {
    return parameters;
  }

  @Override
  public List<Input> inputs(BatchShape batch) {
    return model.inputs(batch);
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    branches.values().forEach(branch -> graph.adapt(branch.weight, branch::record));
    return model.record(graph, inputs);
  }
}
