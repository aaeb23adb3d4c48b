package io.github.tornadodiffusion.nn.models.classifier;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.ops.loss.CrossEntropy;
import io.github.tornadodiffusion.kernels.ops.optimizer.Optimizer;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.HostLength;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.MemoryPlan;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.training.UNetTraining;
import io.github.tornadodiffusion.nn.training.Update;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Training of a classifier on a device. One program is one step: forward, cross-entropy, backward,
 * clipping and AdamW.
 */
public final class ClassifierTraining implements AutoCloseable {
  final Recorded recorded;
  final LoadedProgram loaded;

  /** The steps of one training step and where everything lies. */
  static final class Recorded {
    final ClassifierGraph net;
    final Buffer labels;
    final Buffer lossPerImage;
    final Buffer gradients;
    final Buffer hyper = Buffer.persistent("hyperparameters", Optimizer.HYPER_SIZE);
    final Schedule schedule = new Schedule();
    final MemoryPlan plan;

    Recorded(ClassifierConfig config, int batch) {
      net = new ClassifierGraph(config, batch);
      labels = Buffer.persistent("labels", batch);
      lossPerImage = Buffer.persistent("loss", batch);
      int floats = net.weights.floats();
      gradients = Buffer.persistent("gradients", floats);
      net.graph.forward(schedule);
      Tensor logits = net.outputs.logits();
      schedule.add(
          "loss",
          at -> CrossEntropy.perImage(at.block(logits), at.of(labels), at.of(lossPerImage)),
          logits,
          labels,
          lossPerImage);
      Tensor gradLogits = Tensor.of("loss gradient", logits.plainShape(), false);
      schedule.add(
          "loss gradient",
          at -> CrossEntropy.backward(at.block(logits), at.of(labels), at.block(gradLogits)),
          logits,
          labels,
          gradLogits);
      new Gradients(gradients).backward(schedule, net.graph.operations(), logits, gradLogits);
      new Update(
              net.weights,
              gradients,
              Buffer.persistent("first moments", floats),
              Buffer.persistent("second moments", floats),
              null,
              hyper,
              false)
          .addTo(schedule);
      plan = new MemoryPlan(schedule.steps(), List.of(net.weights));
    }

    static List<Trial> trials(ClassifierConfig config, int batch) {
      Recorded small = new Recorded(config, Math.min(batch, Trials.BATCH));
      return Trials.of(small.schedule.steps(), small.net.graph.constants());
    }
  }

  private ClassifierTraining(Engine engine, Recorded recorded, Map<String, HostTensor> parameters) {
    this.recorded = recorded;
    loaded =
        new LoadedProgram(
            engine,
            recorded.plan,
            recorded.plan.program(
                "classifier step",
                List.of(recorded.net.images.buffer(), recorded.labels, recorded.hyper),
                List.of(recorded.lossPerImage)),
            recorded.net.graph);
    loaded.writeParameters(recorded.net.weights, recorded.net.model.arenaParameters(), parameters);
  }

  /**
   * Builds the program and copies the parameters to the device; moments start at zero.
   *
   * @param parameters by name, see {@link Classifier#parameters}
   * @param batch images a step
   * @throws IllegalArgumentException if the parameters do not fit the classifier
   */
  public static ClassifierTraining open(
      Engine engine, ClassifierConfig config, Map<String, HostTensor> parameters, int batch) {
    Recorded recorded = new Recorded(config, batch);
    engine.checkRoom(recorded.plan.floats());
    engine.prove(() -> Recorded.trials(config, batch));
    return new ClassifierTraining(engine, recorded, parameters);
  }

  /**
   * Runs one step.
   *
   * @param images {@code [n, c, h, w]}
   * @param labels {@code [n]}
   * @return the cross-entropy of every image in nats, before the update
   * @throws IllegalArgumentException if a length does not fit the batch, or a label the classes
   */
  public float[] step(float[] images, int[] labels, UNetTraining.Hyperparameters hyperparameters) {
    HostLength.check("labels", labels.length, recorded.net.batch);
    int classes = recorded.net.model.config().classes();
    for (int label : labels) {
      if (label < 0 || label >= classes) {
        throw new IllegalArgumentException(
            "The label %d is not one of the %d classes: use 0 to %d"
                .formatted(label, classes, classes - 1));
      }
    }
    loaded.writeImages(recorded.net.images, "image values", images);
    loaded.write(recorded.labels, UNetInputs.floats(labels));
    loaded.write(recorded.hyper, hyperparameters.block());
    loaded.run();
    return loaded.read(recorded.lossPerImage, labels.length);
  }

  /** The parameters as they are now, in the order of {@link Classifier#parameters}. */
  public SequencedMap<String, HostTensor> parameters() {
    return loaded.readParameters(recorded.net.weights, recorded.net.model.arenaParameters());
  }

  @Override
  public void close() {
    loaded.close();
  }
}
