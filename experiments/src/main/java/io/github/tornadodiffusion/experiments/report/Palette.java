package io.github.tornadodiffusion.experiments.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.List;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Distinguishes series by colours that a colour-blind reader can distinguish (Okabe and Ito, Color
 * Universal Design, 2008), and by markers and dashes, so that nobody depends on colours.
 */
public final class Palette {
  /** Dark enough for text and thin lines on white first; yellow last. */
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0072b2),
          new Color(0xd55e00),
          new Color(0x009e73),
          new Color(0xcc79a7),
          new Color(0xe69f00),
          new Color(0x56b4e9),
          new Color(0x000000),
          new Color(0xf0e442));

  private static final List<Marker> MARKERS =
      List.of(
          SeriesMarkers.CIRCLE,
          SeriesMarkers.SQUARE,
          SeriesMarkers.TRIANGLE_UP,
          SeriesMarkers.DIAMOND,
          SeriesMarkers.TRIANGLE_DOWN,
          SeriesMarkers.CROSS,
          SeriesMarkers.PLUS);

  private static final float[][] DASHES = {
    null, {8, 4}, {2, 3}, {10, 3, 2, 3}, {14, 4}, {10, 3, 2, 3, 2, 3}, {5, 5}
  };

  private static final float WIDTH = 2;

  private Palette() {}

  /** The colour of a series; the ninth has that of the first. */
  public static Color colour(int series) {
    return COLOURS.get(series % COLOURS.size());
  }

  /**
   * The marker of a series; there are seven, so that the pair of colour and marker repeats only
   * after 56.
   */
  static Marker marker(int series) {
    return MARKERS.get(series % MARKERS.size());
  }

  /** The line of a series, with a dash of its own. */
  static BasicStroke line(int series) {
    float[] dash = DASHES[series % DASHES.length];
    return new BasicStroke(WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dash, 0);
  }

  /** A translucent version of a colour. */
  static Color translucent(Color colour, int alpha) {
    return new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), alpha);
  }
}
