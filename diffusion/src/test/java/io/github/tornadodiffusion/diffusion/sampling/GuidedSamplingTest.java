package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import org.junit.jupiter.api.Test;

class GuidedSamplingTest {
  /** Says its label, and of a variance ten times that. */
  private static Denoiser labels(boolean variance) {
    return (sample, timesteps, labels) -> {
      int channels = variance ? 2 : 1;
      int image = sample.length / labels.length;
      float[] output = new float[channels * sample.length];
      for (int i = 0; i < output.length; i++) {
        int label = labels[i / (channels * image)];
        output[i] = i % (channels * image) < image ? label : 10 * label;
      }
      return output;
    };
  }

  private static float[] predict(double scale, int register, int... labels) {
    HostSampling model = new HostSampling(labels(register == Update.VARIANCE), 2, 2);
    GuidedSampling guided = new GuidedSampling(model, scale, 4);
    guided.write(Update.SAMPLE, new float[4]);
    guided.predict(1, 1, labels);
    return guided.read(register);
  }

  @Test
  void exaggeratesWhatTheLabelChanges() {
    // 4 + 3 * (1 - 4) and 4 + 3 * (6 - 4)
    assertArrayEquals(new float[] {-5, -5, 10, 10}, predict(3, Update.OUTPUT, 1, 6));
  }

  @Test
  void oneIsTheModelAndZeroTheModelWithoutLabels() {
    assertArrayEquals(new float[] {1, 1, 6, 6}, predict(1, Update.OUTPUT, 1, 6));
    assertArrayEquals(new float[] {4, 4, 4, 4}, predict(0, Update.OUTPUT, 1, 6));
  }

  @Test
  void aPredictedVarianceIsThatOfTheLabel() {
    assertArrayEquals(new float[] {10, 10, 60, 60}, predict(3, Update.VARIANCE, 1, 6));
  }
}
