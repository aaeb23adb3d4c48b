package io.github.tornadodiffusion.experiments.report;

import java.util.stream.DoubleStream;

/**
 * Coordinates of a pen that is lifted between strokes, which XChart represents as points without y.
 */
final class Strokes {
  private final DoubleStream.Builder x = DoubleStream.builder();
  private final DoubleStream.Builder y = DoubleStream.builder();
  private double last = Double.NaN;

  /** Draws to a point, or starts there. */
  Strokes to(double toX, double toY) {
    x.add(toX);
    y.add(toY);
    last = toX;
    return this;
  }

  /** Ends a stroke. */
  void lift() {
    if (!isEmpty()) {
      x.add(last);
      y.add(Double.NaN);
    }
  }

  boolean isEmpty() {
    return Double.isNaN(last);
  }

  double[] x() {
    return x.build().toArray();
  }

  double[] y() {
    return y.build().toArray();
  }
}
