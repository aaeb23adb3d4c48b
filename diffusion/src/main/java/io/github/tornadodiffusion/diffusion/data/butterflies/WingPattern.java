package io.github.tornadodiffusion.diffusion.data.butterflies;

import io.github.tornadodiffusion.nn.random.SplitMix64;

/**
 * The colours of a wing: a gradient from root to margin, bands, veins, a dark tip, a border with a
 * row of spots, and eyespots, any of which may be missing.
 */
final class WingPattern {
  private final double[] inner;
  private final double[] outer;
  private final double[] dark;
  private final double[] accent;
  private final double[] spot;
  private double border;
  private double borderWave;
  private double spotSize;
  private double spotRow;
  private double veinWidth;
  private int veins;
  private double bandAt;
  private double bandWidth;
  private double bandSlope;
  private double tip;
  private double dust;
  private double[][] eyes = {};

  private WingPattern(
      double[] inner, double[] outer, double[] dark, double[] accent, double[] spot) {
    this.inner = inner;
    this.outer = outer;
    this.dark = dark;
    this.accent = accent;
    this.spot = spot;
  }

  /**
   * Draws a pattern.
   *
   * @param palette root, margin, dark, accent and spot colours, red, green and blue in 0 .. 1
   * @param fore whether it is a fore wing, whose tip may be dark
   */
  static WingPattern random(double[][] palette, boolean fore, SplitMix64 random) {
    WingPattern p = new WingPattern(palette[0], palette[1], palette[2], palette[3], palette[4]);
    p.dust = random.between(0.05, 0.3);
    p.veins = 4 + random.nextInt(4);
    p.veinWidth = random.chance(0.6) ? random.between(0.008, 0.024) : 0;
    if (random.chance(0.75)) {
      p.border = random.between(0.06, 0.24);
      p.borderWave = random.chance(0.5) ? random.between(0.02, 0.06) : 0;
    }
    if (random.chance(0.6)) {
      p.spotSize = random.between(0.018, 0.04);
      p.spotRow = p.border > 0.1 ? 1 - 0.55 * p.border : random.between(0.7, 0.85);
    }
    if (random.chance(0.35)) {
      p.bandAt = random.between(0.4, 0.72);
      p.bandWidth = random.between(0.05, 0.13);
      p.bandSlope = random.between(-0.3, 0.3);
    }
    p.tip = fore && random.chance(0.5) ? random.between(0.25, 0.5) : 0;
    int count = random.chance(0.4) ? 1 + random.nextInt(fore ? 1 : 3) : 0;
    p.eyes = new double[count][];
    for (int i = 0; i < count; i++) {
      double direction = fore ? random.between(0.6, 0.8) : (i + 0.5) / count * 0.6 + 0.2;
      p.eyes[i] = new double[] {direction, random.between(0.62, 0.75), random.between(0.05, 0.11)};
    }
    return p;
  }

  /** Paints the colour of a place on the wing. */
  void paint(Wing wing, Wing.Place at, double[] colour) {
    double breadth = wing.breadth(at.radius);
    double length = at.radius / Math.max(at.reach, 1e-6);
    for (int c = 0; c < 3; c++) {
      colour[c] = inner[c] + (outer[c] - inner[c]) * smooth(0.1, 0.95, at.reach);
    }
    if (bandWidth > 0) {
      double off = Math.abs(at.reach - bandAt - bandSlope * (at.direction - 0.5));
      blend(colour, accent, 1 - smooth(bandWidth * 0.8, bandWidth, off));
    }
    if (tip > 0) {
      double corner = at.reach + 0.9 * at.direction;
      blend(colour, dark, smooth(0, 0.06, corner - (1.9 - tip) + 0.08));
    }
    double cell = at.direction * veins;
    double toVein = Math.abs(cell - Math.rint(cell)) / veins * breadth;
    if (veinWidth > 0 && at.reach > 0.25) {
      blend(colour, dark, 0.85 * (1 - smooth(veinWidth * 0.6, veinWidth, toVein)));
    }
    double wave = borderWave * (0.5 - Math.abs(cell - Math.rint(cell))) * 2;
    if (border > 0) {
      double sides = Math.min(at.direction, 1 - at.direction) * breadth;
      blend(colour, dark, smooth(0, 0.03, at.reach - 1 + border - wave));
      blend(colour, dark, 1 - smooth(0.01, 0.03, sides));
    }
    if (spotSize > 0) {
      // A spot between every two veins.
      double across = (0.5 - Math.abs(cell - Math.rint(cell))) / veins * breadth;
      double along = (at.reach - spotRow) * length;
      double distance = StrictMath.sqrt(across * across + along * along);
      blend(colour, spot, 1 - smooth(spotSize * 0.8, spotSize * 1.1, distance));
    }
    for (double[] eye : eyes) {
      eyespot(eye, at, breadth, length, colour);
    }
    blend(colour, dark, 0.7 * (1 - smooth(0, dust, at.radius)));
  }

  private void eyespot(
      double[] eye, Wing.Place at, double breadth, double length, double[] colour) {
    double across = (at.direction - eye[0]) * breadth;
    double along = (at.reach - eye[1]) * length;
    double distance = StrictMath.sqrt(across * across + along * along) / eye[2];
    blend(colour, spot, 1 - smooth(0.95, 1.05, distance));
    blend(colour, dark, 1 - smooth(0.72, 0.82, distance));
    blend(colour, accent, 1 - smooth(0.42, 0.52, distance));
    blend(colour, spot, 1 - smooth(0.14, 0.22, distance));
  }

  /** Moves a colour towards another by a fraction of 0 .. 1. */
  static void blend(double[] colour, double[] towards, double share) {
    for (int c = 0; c < 3; c++) {
      colour[c] += (towards[c] - colour[c]) * share;
    }
  }

  /** 0 up to low, 1 from high on, smooth between. */
  static double smooth(double low, double high, double value) {
    double t = Math.clamp((value - low) / (high - low), 0.0, 1.0);
    return t * t * (3 - 2 * t);
  }
}
