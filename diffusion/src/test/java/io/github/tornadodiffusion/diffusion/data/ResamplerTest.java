package io.github.tornadodiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ResamplerTest {
  @Test
  void sameSizeIsTheIdentity() {
    float[] line = {3, -7, 255, 0, 12.5f};
    assertArrayEquals(line, resize(line, 5));
  }

  @Test
  void constantsStayConstant() {
    for (int to : new int[] {1, 2, 3, 7, 16, 40}) {
      for (float value : resize(new float[] {5, 5, 5, 5, 5, 5, 5}, to)) {
        assertEquals(5, value, 1e-5f);
      }
    }
  }

  /**
   * Made with Pillow: {@code Image.fromarray(np.float32([line])).resize((to, 1), BICUBIC)}, line
   * being 0, 16, 3, 9, 1, 7, 12, 5.
   */
  @Test
  void agreesWithPillow() {
    float[] line = {0, 16, 3, 9, 1, 7, 12, 5};
    assertArrayEquals(new float[] {7.5598283f, 5.3910336f, 8.009614f}, resize(line, 3), 1e-4f);
    float[] large = {
      -1.1731844f,
      6.6703963f,
      16.002106f,
      7.2301435f,
      3.620306f,
      8.827862f,
      5f,
      1.0661414f,
      5.0857134f,
      9.274835f,
      12.021763f,
      7.8851357f,
      4.486732f
    };
    assertArrayEquals(large, resize(line, 13), 1e-4f);
  }

  @Test
  void planesAreResizedInBothDirections() {
    float[] plane = {0, 4, 8, 12};
    float[] large = new Resampler(2, 4).plane(plane);
    assertEquals(16, large.length);
    assertEquals(large[1] - large[0], (large[4] - large[0]) / 2, 1e-5f);
    assertArrayEquals(new float[] {6}, new Resampler(2, 1).plane(plane), 1e-5f);
  }

  private static float[] resize(float[] line, int to) {
    float[] resized = new float[to];
    new Resampler(line.length, to).line(line, 0, 1, resized, 0, 1);
    return resized;
  }
}
