package io.github.tornadodiffusion.diffusion.data.butterflies;

import io.github.tornadodiffusion.nn.random.SplitMix64;

/**
 * The outline of a butterfly's right wing, in polar coordinates around the point where it is
 * attached to the body.
 *
 * <p>The wing spans a sector. Its reach at a direction follows a curve through control values;
 * corners are rounded, the sector is bent so that its straight sides bulge, and the margin may be
 * scalloped and carry a tail.
 */
final class Wing {
  private final double rootX;
  private final double rootY;
  private final double low;
  private final double span;
  private final double length;
  private final double bend;
  private final double[] reach;
  private final double scallops;
  private final double scallopDepth;
  private final double tailLength;
  private final double tailAt;

  /** Where a point lies on the wing; reused from point to point. */
  static final class Place {
    /** Distance from the root. */
    double radius;

    /** Distance from the root, 1 at the margin. */
    double reach;

    /** Direction within the sector, 0 at the trailing edge, 1 at the leading edge. */
    double direction;
  }

  private Wing(
      double rootY,
      double lowDegrees,
      double highDegrees,
      double length,
      double bend,
      double[] reach,
      double scallops,
      double scallopDepth,
      double tailLength,
      double tailAt) {
    rootX = 0.02;
    this.rootY = rootY;
    low = StrictMath.toRadians(lowDegrees);
    span = StrictMath.toRadians(highDegrees - lowDegrees);
    this.length = length;
    this.bend = bend;
    this.reach = reach;
    this.scallops = scallops;
    this.scallopDepth = scallopDepth;
    this.tailLength = tailLength;
    this.tailAt = tailAt;
  }

  /** A fore wing: long, with a pointed or rounded tip towards the front. */
  static Wing fore(SplitMix64 random) {
    double pointed = random.nextDouble();
    double[] reach = {
      random.between(0.62, 0.72),
      random.between(0.66, 0.78) - 0.04 * pointed,
      random.between(0.74, 0.84) - 0.06 * pointed,
      random.between(0.88, 0.95),
      1.0,
      random.between(0.78, 0.90)
    };
    return new Wing(
        0.10,
        random.between(-38, -22),
        random.between(42, 60),
        random.between(0.84, 1.0),
        random.between(0.0, 0.3),
        reach,
        random.between(5, 8),
        random.chance(0.3) ? random.between(0.005, 0.02) : 0,
        0,
        0);
  }

  /** A hind wing: rounder, sometimes with a scalloped margin or a tail. */
  static Wing hind(SplitMix64 random) {
    boolean tailed = random.chance(0.3);
    double[] reach = {
      random.between(0.62, 0.78),
      random.between(0.86, 0.98),
      random.between(0.92, 1.0),
      random.between(0.90, 1.0),
      random.between(0.82, 0.95),
      random.between(0.70, 0.85)
    };
    return new Wing(
        -0.02,
        random.between(-86, -72),
        random.between(24, 36),
        random.between(0.6, 0.78),
        random.between(-0.25, 0.1),
        reach,
        random.between(5, 8),
        random.chance(0.5) ? random.between(0.01, 0.04) : 0,
        tailed ? random.between(0.25, 0.5) : 0,
        random.between(0.16, 0.3));
  }

  /**
   * Finds a point on the wing.
   *
   * @param x distance from the body's axis, not negative
   * @param y towards the head
   * @return whether the wing covers the point; only then is the place set
   */
  boolean locate(double x, double y, Place place) {
    double dx = x - rootX;
    double dy = y - rootY;
    double radius = StrictMath.sqrt(dx * dx + dy * dy);
    if (radius > length * (1.05 + tailLength)) {
      return false;
    }
    double direction = (StrictMath.atan2(dy, dx) - bend * (radius / length - 0.5) - low) / span;
    if (direction <= 0 || direction >= 1) {
      return false;
    }
    place.radius = radius;
    place.reach = radius / margin(direction);
    place.direction = direction;
    return place.reach < 1;
  }

  /** The width of one unit of direction at a distance from the root. */
  double breadth(double radius) {
    return span * radius;
  }

  private double margin(double direction) {
    double at = direction * (reach.length - 1);
    int i = (int) at;
    double t = at - i;
    double smooth = t * t * (3 - 2 * t);
    double curve = reach[i] + (reach[Math.min(i + 1, reach.length - 1)] - reach[i]) * smooth;
    double side = 2 * direction - 1;
    double side4 = side * side * side * side;
    double corners = StrictMath.sqrt(1 - side4 * side4 * side4);
    double wave = 1 - scallopDepth * (1 - StrictMath.cos(2 * Math.PI * scallops * direction));
    double off = (direction - tailAt) / 0.07;
    double tail = tailLength == 0 ? 0 : tailLength / (1 + off * off * off * off);
    return length * corners * (curve * wave + tail);
  }
}
