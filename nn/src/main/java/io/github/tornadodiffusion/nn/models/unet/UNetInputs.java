package io.github.tornadodiffusion.nn.models.unet;

/**
 * What one call of a UNet reads.
 *
 * @param sample {@code [n, c, h, w]}
 * @param timesteps {@code [n]}
 * @param classes {@code [n]}; {@code [n, 4 * blockOutChannels[0]]} for a model whose
 *     class_embed_type is identity; null for a model without classes
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
public record UNetInputs(float[] sample, float[] timesteps, float[] classes) {

  /**
   * Inputs with labels that are whole numbers.
   *
   * @param labels {@code [n]}, or null for a model without classes
   */
  public static UNetInputs of(float[] sample, float[] timesteps, int[] labels) {
    return new UNetInputs(sample, timesteps, floats(labels));
  }

  /** The same numbers; null for null. */
  public static float[] floats(int[] labels) {
    if (labels == null) {
      return null;
    }
    float[] floats = new float[labels.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = labels[i];
    }
    return floats;
  }
}
