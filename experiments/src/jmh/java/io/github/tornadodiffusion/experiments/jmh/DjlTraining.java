package io.github.tornadodiffusion.experiments.jmh;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** Training steps of a {@link DjlUNet}: noise, forward pass, mean squared error, AdamW. */
final class DjlTraining {
  private final NDManager manager;
  private final DjlUNet model;
  private final Optimizer optimizer;

  DjlTraining(NDManager manager, DjlUNet model, double learningRate) {
    this.manager = manager;
    this.model = model;
    optimizer =
        Optimizer.adamW()
            .optLearningRateTracker(Tracker.fixed((float) learningRate))
            .optBeta1(0.9f)
            .optBeta2(0.999f)
            .optEpsilon(1e-8f)
            .optWeightDecays(1e-2f)
            .build();
    model.parameters().values().forEach(parameter -> parameter.setRequiresGradient(true));
  }

  /**
   * One step on images with fresh noise.
   *
   * @param images {@code [n, c, h, w]}
   * @param timesteps {@code [n, 1]}
   * @param signal {@code [n, 1, 1, 1]}, what is left of the images
   * @param sigma {@code [n, 1, 1, 1]}, what of the noise is added
   */
  void step(NDArray images, NDArray timesteps, NDArray signal, NDArray sigma) {
    try (NDScope _ = new NDScope()) {
      NDArray noise = manager.randomNormal(images.getShape());
      backward(images.mul(signal).add(noise.mul(sigma)), timesteps, noise);
    }
    // Outside the scope, which would free the moments.
    model
        .parameters()
        .forEach((name, parameter) -> {
          try (NDArray gradient = parameter.getGradient()) {
            optimizer.update(name, parameter, gradient);
          }
        });
  }

  /** The gradients of the mean squared error, by name; no step is made. */
  SequencedMap<String, float[]> gradients(NDArray sample, NDArray timesteps, NDArray target) {
    SequencedMap<String, float[]> gradients = new LinkedHashMap<>();
    try (NDScope _ = new NDScope()) {
      backward(sample, timesteps, target);
      for (Map.Entry<String, NDArray> parameter : model.parameters().entrySet()) {
        NDArray gradient = parameter.getValue().getGradient();
        gradients.put(parameter.getKey(), gradient.toFloatArray());
        gradient.subi(gradient.duplicate());
      }
    }
    return gradients;
  }

  private void backward(NDArray sample, NDArray timesteps, NDArray target) {
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      NDArray prediction = model.predict(sample, timesteps);
      collector.backward(prediction.sub(target).square().mean());
    }
  }
}
