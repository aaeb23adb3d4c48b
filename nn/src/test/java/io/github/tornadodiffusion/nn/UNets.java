package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Denoising;
import io.github.tornadodiffusion.nn.training.Training;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The programs of UNets that tests run. */
public final class UNets {
  private UNets() {}

  /** Prediction. */
  public static Inference inference(
      Engine engine,
      UNet2DConfig config,
      Map<String, HostTensor> parameters,
      int batch,
      int height,
      int width) {
    return recordInference(config, batch, height, width).open(engine, parameters);
  }

  /** Prediction. */
  public static RecordedProgram<Inference> recordInference(
      UNet2DConfig config, int batch, int height, int width) {
    return Inference.record(new UNet2DModel(config), new BatchShape(batch, height, width));
  }

  /** The mean squared error to a target, by all parameters and the sample. */
  public static LossGradients gradients(
      Engine engine,
      UNet2DConfig config,
      Map<String, HostTensor> parameters,
      int batch,
      int height,
      int width) {
    return recordGradients(config, batch, height, width).open(engine, parameters);
  }

  /** The mean squared error to a target, by all parameters and the sample. */
  public static RecordedProgram<LossGradients> recordGradients(
      UNet2DConfig config, int batch, int height, int width) {
    return LossGradients.record(
        Objective.meanSquaredError(new UNet2DModel(config), Model.SAMPLE),
        new BatchShape(batch, height, width),
        Trainable.ALL,
        Set.of(Model.SAMPLE));
  }

  /** The values of {@link #gradients}. */
  public static Map<String, float[]> withTarget(Map<String, float[]> values, float[] target) {
    Map<String, float[]> all = new HashMap<>(values);
    all.put("target", target);
    return all;
  }

  /**
   * What is fixed for the training of a UNet.
   *
   * @param givenNoise whether every call is given its noise
   */
  public record Options(
      int batch, int height, int width, boolean ema, boolean accumulate, boolean givenNoise) {
    /** One update a call, with noise of the device's own. */
    public Options(int batch, int height, int width, boolean ema) {
      this(batch, height, width, ema, false, false);
    }
  }

  /** Training with AdamW. */
  public static Training training(
      Engine engine, UNet2DConfig config, Map<String, HostTensor> parameters, Options options) {
    return recordTraining(config, options).open(engine, parameters);
  }

  /** Training with AdamW. */
  public static RecordedProgram<Training> recordTraining(UNet2DConfig config, Options options) {
    return Training.record(
        new Denoising(new UNet2DModel(config), options.givenNoise),
        new BatchShape(options.batch, options.height, options.width),
        new Training.Options(new AdamW(1), Trainable.ALL, options.ema, options.accumulate));
  }
}
