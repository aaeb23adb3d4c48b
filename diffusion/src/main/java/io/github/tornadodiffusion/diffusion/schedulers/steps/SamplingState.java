package io.github.tornadodiffusion.diffusion.schedulers.steps;

/**
 * The arrays of a sampler between two calls of the model; immutable. Double precision, so that a
 * step adds no error of its own.
 */
public final class SamplingState {
  private final double[][] registers;

  /**
   * Keeps the arrays, without a copy.
   *
   * @param registers by {@link Update}'s numbers; null for those that hold nothing
   */
  public SamplingState(double[][] registers) {
    this.registers = registers;
  }

  /** A state that has a sample and nothing else. */
  public static SamplingState of(float[] sample) {
    return new SamplingState(new double[][] {widen(sample, 1)});
  }

  /** The sample, images one after another. */
  public float[] sample() {
    return narrow(registers[Update.SAMPLE], 1);
  }

  /**
   * The x_0 that the last output implied.
   *
   * @throws IllegalStateException if the sampler does not compute it
   */
  public float[] predOriginalSample() {
    double[] original = register(Update.ORIGINAL);
    if (original == null) {
      throw new IllegalStateException("This sampler predicts no original sample");
    }
    return narrow(original, 1);
  }

  /** The highest number of an array, plus 1. */
  public int registers() {
    return registers.length;
  }

  /** An array that must not be changed; null if there is none. */
  public double[] register(int index) {
    return index < registers.length ? registers[index] : null;
  }

  /** The values times a factor, in double precision. */
  public static double[] widen(float[] values, double scale) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = scale * values[i];
    }
    return wide;
  }

  /** The values times a factor, in single precision. */
  public static float[] narrow(double[] values, double scale) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) (scale * values[i]);
    }
    return narrow;
  }
}
