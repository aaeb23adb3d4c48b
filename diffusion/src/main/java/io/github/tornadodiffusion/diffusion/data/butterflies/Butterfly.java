package io.github.tornadodiffusion.diffusion.data.butterflies;

import io.github.tornadodiffusion.diffusion.data.ImageBytes;
import io.github.tornadodiffusion.nn.random.SplitMix64;

/**
 * One butterfly, drawn from a random sequence: a function from points to colours, so that it can be
 * rendered at any size. Pure Java arithmetic with {@link StrictMath} makes the same picture on
 * every machine.
 */
final class Butterfly {
  /** A pixel is the mean of a square of this many points by this many. */
  private static final int SAMPLES = 4;

  private final Wing fore;
  private final Wing hind;
  private final WingPattern forePattern;
  private final WingPattern hindPattern;
  private final double[] body;
  private final double[] bodyLight;
  private final double[] background;
  private final double[] backgroundEdge;
  private final double bodyLength;
  private final double bodyWidth;
  private final double antennaSpread;
  private final double antennaLength;
  private final double cos;
  private final double sin;
  private final double scale;
  private final double narrowing;
  private final double centreX;
  private final double centreY;
  private final double shadow;
  private final double shadowX;
  private final double shadowY;
  private final Wing.Place place = new Wing.Place();

  /** Draws a butterfly; not safe for use by several threads. */
  Butterfly(SplitMix64 random) {
    fore = Wing.fore(random);
    hind = Wing.hind(random);
    double[][] palette = ButterflyPalette.wings(random);
    forePattern = WingPattern.random(palette, true, random);
    boolean twoColoured = random.chance(0.25);
    double[][] hindPalette =
        twoColoured
            ? new double[][] {palette[3], palette[1], palette[2], palette[0], palette[4]}
            : palette;
    hindPattern = WingPattern.random(hindPalette, false, random);
    body = ButterflyPalette.rgb(random.chance(0.5) ? 0x1E1814 : 0x3A2A1E);
    bodyLight = palette[random.nextInt(2)];
    background = ButterflyPalette.background(random);
    backgroundEdge = background.clone();
    WingPattern.blend(backgroundEdge, ButterflyPalette.rgb(0x8A8880), random.between(0, 0.18));
    bodyLength = random.between(0.34, 0.48);
    bodyWidth = random.between(0.035, 0.055);
    antennaSpread = random.between(0.12, 0.3);
    antennaLength = random.between(0.3, 0.42);
    double angle = random.between(-0.4, 0.4);
    cos = StrictMath.cos(angle);
    sin = StrictMath.sin(angle);
    scale = random.between(0.84, 1.04);
    narrowing = random.between(0.85, 1.05);
    centreX = random.between(-0.05, 0.05);
    centreY = random.between(-0.05, 0.05);
    shadow = random.chance(0.6) ? random.between(0.08, 0.3) : 0;
    shadowX = random.between(-0.05, 0.05);
    shadowY = random.between(0.02, 0.06);
  }

  /**
   * Renders the butterfly.
   *
   * @param imageSize width and height in pixels
   * @param channels 3, or 1 for grey
   * @return channels * imageSize * imageSize bytes in the order channel, row, column
   */
  byte[] render(int imageSize, int channels) {
    int plane = imageSize * imageSize;
    byte[] pixels = new byte[channels * plane];
    double[] colour = new double[3];
    double[] sum = new double[3];
    int points = imageSize * SAMPLES;
    for (int i = 0; i < plane; i++) {
      sum[0] = sum[1] = sum[2] = 0;
      for (int s = 0; s < SAMPLES * SAMPLES; s++) {
        double x = (i % imageSize * SAMPLES + s % SAMPLES + 0.5) / points * 2 - 1;
        double y = 1 - (i / imageSize * SAMPLES + s / SAMPLES + 0.5) / points * 2;
        colour(x, y, colour);
        for (int c = 0; c < 3; c++) {
          sum[c] += colour[c];
        }
      }
      double toByte = 255.0 / (SAMPLES * SAMPLES);
      if (channels == 1) {
        float grey = ImageBytes.luma((float) sum[0], (float) sum[1], (float) sum[2]);
        pixels[i] = ImageBytes.toByte(grey * toByte);
      } else {
        for (int c = 0; c < 3; c++) {
          pixels[c * plane + i] = ImageBytes.toByte(sum[c] * toByte);
        }
      }
    }
    return pixels;
  }

  /** The colour at a point of the picture, whose corners are (-1, -1) and (1, 1), y upwards. */
  private void colour(double x, double y, double[] colour) {
    double px = (x - centreX) / scale;
    double py = (y - centreY) / scale;
    double u = Math.abs(cos * px + sin * py);
    double v = cos * py - sin * px;
    if (paintBody(u, v, colour) || paintAntenna(u, v, colour)) {
      return;
    }
    double w = u / narrowing;
    if (fore.locate(w, v, place)) {
      forePattern.paint(fore, place, colour);
    } else if (hind.locate(w, v, place)) {
      hindPattern.paint(hind, place, colour);
    } else {
      paintBackground(x, y, px, py, colour);
    }
  }

  private void paintBackground(double x, double y, double px, double py, double[] colour) {
    System.arraycopy(background, 0, colour, 0, 3);
    WingPattern.blend(colour, backgroundEdge, WingPattern.smooth(0.4, 1.5, x * x + y * y));
    if (shadow == 0) {
      return;
    }
    double sx = px + shadowX;
    double sy = py + shadowY;
    double w = Math.abs(cos * sx + sin * sy) / narrowing;
    double v = cos * sy - sin * sx;
    if (fore.locate(w, v, place) || hind.locate(w, v, place)) {
      for (int c = 0; c < 3; c++) {
        colour[c] *= 1 - shadow;
      }
    }
  }

  /** Head, thorax and abdomen: three ellipses on the axis. */
  private boolean paintBody(double u, double v, double[] colour) {
    double abdomen = ellipse(u, v, -0.04 - bodyLength / 2, bodyWidth, bodyLength / 2 + 0.06);
    double thorax = ellipse(u, v, 0.09, bodyWidth * 1.35, 0.13);
    double head = ellipse(u, v, 0.245, bodyWidth * 1.05, 0.05);
    double nearest = Math.min(abdomen, Math.min(thorax, head));
    if (nearest >= 1) {
      return false;
    }
    System.arraycopy(body, 0, colour, 0, 3);
    WingPattern.blend(colour, bodyLight, 0.35 * (1 - nearest));
    if (abdomen < 1 && v < -0.06) {
      double rings = 0.5 + 0.5 * StrictMath.cos(v * 90);
      WingPattern.blend(colour, bodyLight, 0.3 * rings);
    }
    return true;
  }

  private static double ellipse(double u, double v, double centre, double width, double height) {
    double a = u / width;
    double b = (v - centre) / height;
    return a * a + b * b;
  }

  private boolean paintAntenna(double u, double v, double[] colour) {
    double along = (v - 0.26) / antennaLength;
    if (along < 0 || along > 1.05) {
      return false;
    }
    double line = 0.015 + antennaSpread * along * (0.55 + 0.45 * along);
    double club = along > 0.88 ? 0.024 : 0.011;
    if (Math.abs(u - line) > club) {
      return false;
    }
    System.arraycopy(body, 0, colour, 0, 3);
    return true;
  }
}
