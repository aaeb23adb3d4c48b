package io.github.tornadodiffusion.diffusion.data;

/**
 * Resizes lines of samples with the bicubic kernel (a = -0.5) whose support grows with the scale
 * when shrinking, so that every source sample counts: the filter of Pillow's {@code
 * Image.resize(BICUBIC)}. Applied to rows, then to columns, it resizes an image.
 */
public final class Resampler {
  private final int from;
  private final int to;
  private final int[] first;
  private final float[][] weights;

  /** Prepares to resample lines of {@code from} pixels to {@code to} pixels. */
  public Resampler(int from, int to) {
    this.from = from;
    this.to = to;
    first = new int[to];
    weights = new float[to][];
    double ratio = (double) from / to;
    double scale = Math.max(1, ratio);
    double support = 2 * scale;
    for (int i = 0; i < to; i++) {
      double centre = (i + 0.5) * ratio;
      int low = Math.max(0, (int) (centre - support + 0.5));
      int high = Math.min(from, (int) (centre + support + 0.5));
      first[i] = low;
      weights[i] = new float[high - low];
      double sum = 0;
      for (int j = low; j < high; j++) {
        sum += cubic((j - centre + 0.5) / scale);
      }
      for (int j = low; j < high; j++) {
        weights[i][j - low] = (float) (cubic((j - centre + 0.5) / scale) / sum);
      }
    }
  }

  /**
   * Resizes one line.
   *
   * @param source holds the line's samples at sourceOffset, sourceOffset + sourceStride, ...
   * @param target receives the resized samples, which may overshoot the source's range
   */
  public void line(
      float[] source,
      int sourceOffset,
      int sourceStride,
      float[] target,
      int targetOffset,
      int targetStride) {
    for (int i = 0; i < to; i++) {
      float[] w = weights[i];
      int at = sourceOffset + first[i] * sourceStride;
      float sum = 0;
      for (float weight : w) {
        sum += weight * source[at];
        at += sourceStride;
      }
      target[targetOffset + i * targetStride] = sum;
    }
  }

  /** Resizes a square plane of from * from samples to to * to samples. */
  public float[] plane(float[] source) {
    float[] rows = new float[from * to];
    for (int y = 0; y < from; y++) {
      line(source, y * from, 1, rows, y * to, 1);
    }
    float[] target = new float[to * to];
    for (int x = 0; x < to; x++) {
      line(rows, x, to, target, x, to);
    }
    return target;
  }

  private static double cubic(double distance) {
    double x = Math.abs(distance);
    if (x < 1) {
      return (1.5 * x - 2.5) * x * x + 1;
    }
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  }
}
