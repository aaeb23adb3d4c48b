package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.sampling.Tiles.Image;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TilesTest {
  private static Image ramp(int channels, int h, int w) {
    float[] values = new float[channels * h * w];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    return new Image(values, channels, h, w);
  }

  /** Every pixel four times: what a decoder that doubles a size may do. */
  private static Image doubled(Image image) {
    float[] values = new float[4 * image.values().length];
    int w = 2 * image.w();
    int h = 2 * image.h();
    for (int i = 0; i < values.length; i++) {
      int channel = i / (h * w);
      int y = i / w % h / 2;
      int x = i % w / 2;
      values[i] = image.values()[(channel * image.h() + y) * image.w() + x];
    }
    return new Image(values, image.channels(), h, w);
  }

  @ParameterizedTest
  @CsvSource({"8, 8", "16, 16", "17, 23", "20, 8", "31, 14"})
  void aFunctionOfEveryPixelDoesNotShowTheTiles(int h, int w) {
    Image image = ramp(3, h, w);
    Image tiled = new Tiles(8, 16).apply(image, TilesTest::doubled);
    Image whole = doubled(image);
    assertEquals(whole.h(), tiled.h());
    assertEquals(whole.w(), tiled.w());
    assertArrayEquals(whole.values(), tiled.values(), 1e-3f);
  }

  /** The first tile gives way to the second one step by step over a quarter of a tile. */
  @Test
  void neighboursAreBlended() {
    AtomicInteger number = new AtomicInteger();
    Image tiled =
        new Tiles(8, 8)
            .apply(
                ramp(1, 1, 14),
                tile -> {
                  float[] values = new float[tile.values().length];
                  java.util.Arrays.fill(values, number.getAndIncrement());
                  return new Image(values, 1, 1, tile.w());
                });
    assertArrayEquals(new float[] {0, 0, 0, 0, 0, 0, 0, 0.5f, 1, 1, 1, 1, 1, 1.5f}, tiled.values());
  }
}
