package io.github.tornadodiffusion.diffusion.data.sources;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.ImageBytes;
import io.github.tornadodiffusion.diffusion.data.Resampler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * 1,797 scanned handwritten digits, embedded in the library: white ink on black paper, as in MNIST.
 *
 * <p>The test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998),
 * UCI Machine Learning Repository, <a href="https://doi.org/10.24432/C50P49">doi
 * 10.24432/C50P49</a>, licensed CC BY 4.0. The scans are 8x8 with 17 shades; other sizes are
 * resampled bicubically.
 */
public final class Digits implements Dataset {
  /** Width and height of the scans. */
  public static final int NATIVE_SIZE = 8;

  private static final int NATIVE_PIXELS = NATIVE_SIZE * NATIVE_SIZE;
  private static final float INK = 16;

  private final int imageSize;
  private final int channels;
  private final byte[][] scans;
  private final int[] labels;
  private final Resampler resampler;

  /**
   * Reads the embedded digits.
   *
   * @param imageSize width and height of the images, {@link #NATIVE_SIZE} for the scans themselves
   * @param channels 1, or 3 for three equal channels
   */
  public Digits(int imageSize, int channels) {
    this.imageSize = imageSize;
    this.channels = channels;
    resampler = new Resampler(NATIVE_SIZE, imageSize);
    List<String> rows = rows();
    scans = new byte[rows.size()][NATIVE_PIXELS];
    labels = new int[rows.size()];
    for (int i = 0; i < scans.length; i++) {
      String[] columns = rows.get(i).split(",", -1);
      for (int j = 0; j < NATIVE_PIXELS; j++) {
        scans[i][j] = Byte.parseByte(columns[j]);
      }
      labels[i] = Integer.parseInt(columns[NATIVE_PIXELS]);
    }
  }

  private static List<String> rows() {
    try (InputStream resource = Digits.class.getResourceAsStream("digits.csv.gz");
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(new GZIPInputStream(resource), StandardCharsets.UTF_8))) {
      return reader.lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String name() {
    return "digits";
  }

  @Override
  public int size() {
    return scans.length;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  @Override
  public float[] image(int index) {
    float[] scan = new float[NATIVE_PIXELS];
    for (int i = 0; i < NATIVE_PIXELS; i++) {
      scan[i] = scans[index][i] * (2 / INK) - 1;
    }
    float[] plane = resampler.plane(scan);
    float[] image = new float[channels * plane.length];
    for (int i = 0; i < image.length; i++) {
      // The bicubic kernel overshoots at sharp strokes.
      image[i] = Math.clamp(plane[i % plane.length], -1f, 1f);
    }
    return image;
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public int classes() {
    return 10;
  }

  /** The SHA-256 over the size and the scans, which determine the images. */
  @Override
  public String hash() {
    return ImageBytes.hash(scans, channels, imageSize);
  }
}
