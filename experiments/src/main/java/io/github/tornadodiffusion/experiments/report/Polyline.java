package io.github.tornadodiffusion.experiments.report;

import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.style.markers.Marker;

/**
 * A line through the points of a series, as the marker of its points. XChart draws each segment
 * separately and restarts the dashes in it, so that a line with many points looks solid.
 */
final class Polyline extends Marker {
  private final int points;
  private final BasicStroke stroke;
  private final Marker marker;
  private final List<Point2D> passed = new ArrayList<>();

  /**
   * A line.
   *
   * @param points of the series; everything is drawn at the last one
   * @param marker of each point
   */
  Polyline(int points, BasicStroke stroke, Marker marker) {
    this.points = points;
    this.stroke = stroke;
    this.marker = marker;
  }

  @Override
  public void paint(Graphics2D graphics, double x, double y, int size) {
    passed.add(new Point2D.Double(x, y));
    if (passed.size() < points) {
      return;
    }
    Path2D path = new Path2D.Double();
    path.moveTo(passed.getFirst().getX(), passed.getFirst().getY());
    passed.forEach(point -> path.lineTo(point.getX(), point.getY()));
    graphics.setStroke(stroke);
    graphics.draw(path);
    passed.forEach(point -> marker.paint(graphics, point.getX(), point.getY(), size));
    passed.clear();
  }
}
