package io.github.tornadodiffusion.experiments.report;

import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import org.knowm.xchart.style.markers.Marker;

/** The ends of error bars: short level lines. */
final class Caps extends Marker {
  private static final double REACH = 4;
  private static final BasicStroke STROKE = new BasicStroke(1.5f);

  @Override
  public void paint(Graphics2D graphics, double x, double y, int size) {
    graphics.setStroke(STROKE);
    graphics.draw(new Line2D.Double(x - REACH, y, x + REACH, y));
  }
}
