package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Order;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** A model on a device with its loss, and the gradients of that loss. */
public final class LossGradients implements AutoCloseable {
  private final LoadedProgram loaded;
  private final Recorded recorded;

  private record Recorded(
      Objective.Losses losses,
      LossWeights weights,
      Buffer gradients,
      Map<String, Tensor> ofInputs) {}

  private LossGradients(LoadedProgram loaded, Recorded recorded) {
    this.loaded = loaded;
    this.recorded = recorded;
  }

  /**
   * Records an objective with its backward pass.
   *
   * @param trainable the parameters to differentiate by
   * @param inputs the names of inputs to differentiate by
   * @throws IllegalArgumentException if the model cannot take such batches
   */
  public static RecordedProgram<LossGradients> record(
      Objective objective, BatchShape batch, Trainable trainable, Set<String> inputs) {
    Graph graph = new Graph(objective.parameters(), trainable, Graph.Mode.EVALUATION);
    graph.differentiateBy(inputs);
    Objective.Losses losses = objective.record(graph, batch);
    LossWeights weights = new LossWeights(graph, losses);
    Steps steps = new Steps();
    graph.forward(steps);
    Buffer buffer = graph.layout().like("gradients");
    Gradients gradients = new Gradients(graph.layout(), buffer, false);
    gradients.backward(steps, graph.operations(), weights.gradients());
    Map<String, Tensor> ofInputs = new LinkedHashMap<>();
    graph
        .placedInputs()
        .forEach((input, tensor) -> {
          if (tensor.needsGradient()) {
            ofInputs.put(input.name(), gradients.ofInput(tensor));
          }
        });
    List<Tensor> results = new ArrayList<>(losses.outputs().values());
    results.addAll(losses.perImage().values());
    results.forEach(steps::keep);
    List<Buffer> outputs = new ArrayList<>(results.stream().map(Tensor::buffer).toList());
    outputs.add(buffer);
    ofInputs.values().forEach(tensor -> outputs.add(tensor.buffer()));
    return new RecordedProgram<>(
        batch,
        graph,
        steps,
        List.of(
            new RecordedProgram.Part("gradients", 0, steps.size(), graph.inputBuffers(), outputs)),
        () -> record(objective, batch.atMost(Trials.BATCH), trainable, inputs).trialsOfSteps(),
        loaded -> new LossGradients(loaded, new Recorded(losses, weights, buffer, ofInputs)));
  }

  /** The same with respect to all parameters and no input. */
  public static RecordedProgram<LossGradients> record(Objective objective, BatchShape batch) {
    return record(objective, batch, Trainable.ALL, Set.of());
  }

  /**
   * Runs forward and backward.
   *
   * @param values of the objective's inputs, by name; weights see {@link LossWeights}
   * @return the mean of the first loss over the batch, without weights
   * @throws IllegalArgumentException in one line if something is missing or does not fit the model
   */
  public double run(Map<String, float[]> values) {
    loaded.writeInputs(recorded.weights.complete(values), null);
    loaded.run();
    float[] images = losses(recorded.losses.perImage().firstEntry().getKey());
    double loss = 0;
    for (float image : images) {
      loss += image;
    }
    return loss / images.length;
  }

  /** A loss of every image of the last run, {@code [n]}. */
  public float[] losses(String name) {
    Tensor loss = recorded.losses.perImage().get(name);
    return loaded.read(loss.buffer(), loss.c());
  }

  /** An output of the model in the last run, {@code [n, c, h, w]}. */
  public float[] images(String output) {
    return loaded.read(recorded.losses.outputs().get(output), Order.CHANNELS_FIRST);
  }

  /** Gradients of the last run's loss, named and shaped like the parameters. */
  public SequencedMap<String, HostTensor> gradients() {
    return loaded.readTrained(recorded.gradients);
  }

  /** Gradient of the last run's loss with respect to an input of images, {@code [n, c, h, w]}. */
  public float[] inputGradient(String input) {
    return loaded.read(recorded.ofInputs.get(input), Order.CHANNELS_FIRST);
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
