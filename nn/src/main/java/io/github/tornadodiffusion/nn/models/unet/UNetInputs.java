package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import java.util.Map;

/**
 * The inputs of one call of a UNet.
 *
 * @param sample {@code [n, c, h, w]}
 * @param timesteps {@code [n]}
 * @param classes {@code [n]}; {@code [n, timeEmbedDim]} for a model whose class_embed_type is
 *     identity; null for a model without classes
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
public record UNetInputs(float[] sample, float[] timesteps, float[] classes) {

  /**
   * Inputs with labels that are whole numbers.
   *
   * @param labels {@code [n]}, or null for a model without classes
   */
  public static UNetInputs of(float[] sample, float[] timesteps, int[] labels) {
    return new UNetInputs(sample, timesteps, Input.floats(labels));
  }

  /** The values by the names of the model's inputs. */
  public Map<String, float[]> values() {
    return classes == null
        ? Map.of(Model.SAMPLE, sample, Model.TIMESTEPS, timesteps)
        : Map.of(Model.SAMPLE, sample, Model.TIMESTEPS, timesteps, Model.CLASS_LABELS, classes);
  }
}
