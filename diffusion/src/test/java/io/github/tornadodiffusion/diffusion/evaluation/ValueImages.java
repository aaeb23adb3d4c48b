package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.util.Arrays;
import java.util.Random;

/** Grey images of given values, without classes. */
record ValueImages(float[][] values, int imageSize) implements Dataset {
  /** So many images of independent normal values. */
  static ValueImages normal(int count, int imageSize, double deviation, long seed) {
    Random random = new Random(seed);
    float[][] values = new float[count][imageSize * imageSize];
    for (float[] image : values) {
      for (int i = 0; i < image.length; i++) {
        image[i] = (float) (deviation * random.nextGaussian());
      }
    }
    return new ValueImages(values, imageSize);
  }

  /** The same at the nearest of so many levels between -1 and 1. */
  ValueImages rounded(int levels) {
    float[][] rounded = new float[values.length][];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = values[i].clone();
      for (int j = 0; j < rounded[i].length; j++) {
        double level = Math.rint((rounded[i][j] + 1) / 2 * (levels - 1));
        rounded[i][j] = (float) (level / (levels - 1) * 2 - 1);
      }
    }
    return new ValueImages(rounded, imageSize);
  }

  @Override
  public String name() {
    return "values";
  }

  @Override
  public int size() {
    return values.length;
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public float[] image(int index) {
    return values[index].clone();
  }

  @Override
  public int label(int index) {
    return -1;
  }

  @Override
  public int classes() {
    return 0;
  }

  @Override
  public String hash() {
    return Integer.toHexString(Arrays.deepHashCode(values));
  }
}
