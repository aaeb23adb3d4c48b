package io.github.tornadodiffusion.nn.graph;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** Makes what {@link Model#record} returns. */
public final class Outputs {
  private Outputs() {}

  /** One output. */
  public static SequencedMap<String, Tensor> of(String name, Tensor tensor) {
    SequencedMap<String, Tensor> outputs = new LinkedHashMap<>();
    outputs.put(name, tensor);
    return outputs;
  }

  /** Two outputs. */
  public static SequencedMap<String, Tensor> of(String a, Tensor first, String b, Tensor second) {
    SequencedMap<String, Tensor> outputs = of(a, first);
    outputs.put(b, second);
    return outputs;
  }
}
