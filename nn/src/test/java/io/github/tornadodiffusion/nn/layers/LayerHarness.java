package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.programs.GradientCheck;
import io.github.tornadodiffusion.nn.programs.GradientCheck.Piece;
import io.github.tornadodiffusion.nn.programs.GradientCheck.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a piece of a graph forward and backward, for a given gradient of its output. */
public final class LayerHarness {
  private final Scope scope;
  private final List<Input> inputs = new ArrayList<>();

  public LayerHarness(Scope scope) {
    this.scope = scope;
  }

  /** An input that is differentiated by. */
  public LayerHarness input(String name, int n, int c, int h, int w) {
    inputs.add(Input.images(name, n, c, h, w, Padding.NONE));
    return this;
  }

  /**
   * @param gradOutput gradient of the output; null stands for zeros
   */
  public Result run(
      Piece piece,
      Map<String, HostTensor> weights,
      Map<String, float[]> inputValues,
      float[] gradOutput) {
    try (GradientCheck check = open(piece, weights)) {
      return check.run(weights, inputValues, gradOutput);
    }
  }

  /** The piece on the device. */
  public GradientCheck open(Piece piece, Map<String, HostTensor> weights) {
    return GradientCheck.record(scope.parameters(), inputs, piece).open(TestEngine.ENGINE, weights);
  }
}
