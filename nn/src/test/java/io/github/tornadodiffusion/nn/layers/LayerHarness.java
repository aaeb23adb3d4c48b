package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.MemoryPlan;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** Runs a piece of a graph forward and backward, for a given gradient of its output. */
public final class LayerHarness {
  private static final Engine ENGINE = TestEngine.ENGINE;

  private final Scope scope;
  private final SequencedMap<String, Tensor> inputs = new LinkedHashMap<>();

  /** Records the piece. */
  public interface Piece {
    Tensor apply(Graph graph, Map<String, Tensor> inputs);
  }

  /** What came out, in NCHW order. */
  public record Result(
      float[] output, Map<String, float[]> gradInputs, Map<String, HostTensor> gradWeights) {}

  public LayerHarness(Scope scope) {
    this.scope = scope;
  }

  /** An input that is differentiated by. */
  public LayerHarness input(String name, int n, int c, int h, int w) {
    inputs.put(name, Tensor.persistent(name, Tensor.shape(n, h, w, c, Padding.NONE), true));
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
    Parameters parameters = scope.parameters();
    Buffer weightBuffer = Buffer.persistent("weights", Math.max(16, parameters.floats()));
    Buffer gradientBuffer = Buffer.persistent("gradients", weightBuffer.floats());
    Graph graph = new Graph(weightBuffer);
    Tensor output = piece.apply(graph, inputs);
    Tensor gradOut = Tensor.persistent("grad_output", output.plainShape(), false);
    Steps steps = new Steps();
    graph.forward(steps);
    Gradients gradients = new Gradients(gradientBuffer);
    gradients.backward(steps, graph.operations(), output, gradOut);
    steps.keep(output);
    MemoryPlan plan = new MemoryPlan(steps.list(), List.of(weightBuffer, gradientBuffer));
    Program program = plan.program("layer", List.of(), List.of());
    try (LoadedProgram loaded = new LoadedProgram(ENGINE, plan, program, graph)) {
      loaded.writeParameters(weightBuffer, parameters, weights);
      inputs.forEach((name, t) -> loaded.writeImages(t, name, inputValues.get(name)));
      if (gradOutput != null) {
        loaded.writeImages(gradOut, "grad_output", gradOutput);
      }
      loaded.run();
      Map<String, float[]> gradInputs = new LinkedHashMap<>();
      inputs.forEach((name, t) -> gradInputs.put(name, loaded.readImages(gradients.ofInput(t))));
      return new Result(
          loaded.readImages(output), gradInputs, loaded.readParameters(gradientBuffer, parameters));
    }
  }
}
