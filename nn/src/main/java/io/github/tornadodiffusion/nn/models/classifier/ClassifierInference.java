package io.github.tornadodiffusion.nn.models.classifier;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.MemoryPlan;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.List;
import java.util.Map;

/** A classifier on a device, ready for batches of one size. */
public final class ClassifierInference implements AutoCloseable {
  private final Recorded recorded;
  private final LoadedProgram loaded;

  /** The forward pass and where everything lies. */
  private record Recorded(ClassifierGraph net, Schedule schedule, MemoryPlan plan) {
    static Recorded of(ClassifierConfig config, int batch) {
      ClassifierGraph net = new ClassifierGraph(config, batch);
      Schedule schedule = new Schedule();
      net.graph.forward(schedule);
      schedule.keep(net.outputs.features());
      schedule.keep(net.outputs.logits());
      return new Recorded(net, schedule, new MemoryPlan(schedule.steps(), List.of(net.weights)));
    }

    static List<Trial> trials(ClassifierConfig config, int batch) {
      Recorded small = of(config, Math.min(batch, Trials.BATCH));
      return Trials.of(small.schedule.steps(), small.net.graph.constants());
    }
  }

  /**
   * What a classifier says of a batch.
   *
   * @param features {@code [n, features]}
   * @param logits {@code [n, classes]}
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record Result(float[] features, float[] logits) {}

  private ClassifierInference(
      Engine engine, Recorded recorded, Map<String, HostTensor> parameters) {
    this.recorded = recorded;
    ClassifierGraph net = recorded.net;
    loaded =
        new LoadedProgram(
            engine,
            recorded.plan,
            recorded.plan.program(
                "classify",
                List.of(net.images.buffer()),
                List.of(net.outputs.features().buffer(), net.outputs.logits().buffer())),
            net.graph);
    loaded.writeParameters(net.weights, net.model.arenaParameters(), parameters);
  }

  /**
   * Builds the program and copies the parameters to the device.
   *
   * @param parameters by name, see {@link Classifier#parameters}
   * @param batch images a call
   * @throws IllegalArgumentException if the parameters do not fit the classifier
   */
  public static ClassifierInference open(
      Engine engine, ClassifierConfig config, Map<String, HostTensor> parameters, int batch) {
    Recorded recorded = Recorded.of(config, batch);
    engine.checkRoom(recorded.plan.floats());
    engine.prove(() -> Recorded.trials(config, batch));
    return new ClassifierInference(engine, recorded, parameters);
  }

  /**
   * Classifies a batch.
   *
   * @param images {@code [n, c, h, w]}
   * @throws IllegalArgumentException if the length does not fit the batch
   */
  public Result run(float[] images) {
    loaded.writeImages(recorded.net.images, "image values", images);
    loaded.run();
    return new Result(
        loaded.readImages(recorded.net.outputs.features()),
        loaded.readImages(recorded.net.outputs.logits()));
  }

  @Override
  public void close() {
    loaded.close();
  }
}
