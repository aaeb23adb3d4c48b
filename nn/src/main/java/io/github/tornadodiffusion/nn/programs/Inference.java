package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Order;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** A model on a device, ready to predict batches of one shape. */
public final class Inference implements AutoCloseable {
  private final LoadedProgram loaded;
  private final SequencedMap<String, Tensor> outputs;

  private Inference(LoadedProgram loaded, SequencedMap<String, Tensor> outputs) {
    this.loaded = loaded;
    this.outputs = outputs;
  }

  /**
   * Records the forward pass of a model.
   *
   * @throws IllegalArgumentException if the model cannot take such batches
   */
  public static RecordedProgram<Inference> record(Model model, BatchShape batch) {
    Graph graph = new Graph(model.parameters(), Trainable.NONE, Graph.Mode.EVALUATION);
    SequencedMap<String, Tensor> outputs = model.record(graph, graph.inputs(model.inputs(batch)));
    Steps steps = new Steps();
    graph.forward(steps);
    outputs.values().forEach(steps::keep);
    RecordedProgram.Part forward =
        new RecordedProgram.Part(
            "forward",
            0,
            steps.size(),
            graph.inputBuffers(),
            outputs.values().stream().map(Tensor::buffer).toList());
    return new RecordedProgram<>(
        batch,
        graph,
        steps,
        List.of(forward),
        () -> record(model, batch.atMost(Trials.BATCH)).trialsOfSteps(),
        loaded -> new Inference(loaded, outputs));
  }

  /**
   * Predicts one batch.
   *
   * @param values of the model's inputs, by name
   * @return the first output, as {@link #images} gives it
   * @throws IllegalArgumentException in one line if something is missing or does not fit the model
   */
  public float[] predict(Map<String, float[]> values) {
    loaded.writeInputs(values, null);
    loaded.run();
    return images(outputs.firstEntry().getKey());
  }

  /** An output of the last prediction: images {@code [n, c, h, w]}, or vectors {@code [n, c]}. */
  public float[] images(String output) {
    return loaded.read(outputs.get(output), Order.CHANNELS_FIRST);
  }

  /** An output of the last prediction: a vector for every token, {@code [n, tokens, c]}. */
  public float[] hiddenStates(String output) {
    return loaded.read(outputs.get(output), Order.CHANNELS_LAST);
  }

  /** Replaces the parameters, for instance by newer ones from a training. */
  public void setParameters(Map<String, HostTensor> parameters) {
    loaded.writeParameters(parameters);
  }

  /** The program on the device, for profiles. */
  public LoadedProgram loaded() {
    return loaded;
  }

  @Override
  public void close() {
    loaded.close();
  }
}
