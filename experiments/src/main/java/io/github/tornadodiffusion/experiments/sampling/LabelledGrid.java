package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.images.GreyImage;
import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.PrintWriter;
import java.util.List;

/** Images of a data set side by side, with the names of their classes below. */
public final class LabelledGrid {
  private static final int GAP = 4;
  private static final int TEXT = 14;

  private static final Color PAPER = new Color(0xF0F0F0);

  private final Dataset dataset;
  private final int count;
  private final int columns;
  private final int side;
  private final int cellHeight;

  /**
   * A grid.
   *
   * @param count images, at least 1, evenly spread over the data set
   */
  public LabelledGrid(Dataset dataset, int count) {
    this.dataset = dataset;
    this.count = count;
    columns = (int) Math.ceil(Math.sqrt(count));
    side = dataset.imageSize() * ImageGrid.scale(dataset.imageSize(), dataset.imageSize());
    cellHeight = side + GAP + (dataset.classes() > 0 ? TEXT : 0);
  }

  private long width() {
    return GAP + (long) columns * (side + GAP);
  }

  private long height() {
    return GAP + (long) Math.ceilDiv(count, columns) * cellHeight;
  }

  /** How many pixels the picture has. */
  public long pixels() {
    return width() * height();
  }

  /** The index of the image at a position of the grid. */
  public int index(int place) {
    return (int) ((long) place * dataset.size() / count);
  }

  /**
   * Draws the picture.
   *
   * @param err receives the warning that names are missing because there are no fonts
   */
  public BufferedImage draw(PrintWriter err) {
    BufferedImage picture =
        new BufferedImage((int) width(), (int) height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setColor(PAPER);
      graphics.fillRect(0, 0, picture.getWidth(), picture.getHeight());
      int size = dataset.imageSize();
      for (int i = 0; i < count; i++) {
        BufferedImage image =
            ImageGrid.single(dataset.image(index(i)), 0, dataset.channels(), size, size);
        graphics.drawImage(GreyImage.toRgb(image), left(i), top(i), side, side, null);
      }
      if (dataset.classes() > 0) {
        drawNames(graphics, err);
      }
    } finally {
      graphics.dispose();
    }
    return picture;
  }

  private int left(int place) {
    return GAP + place % columns * (side + GAP);
  }

  private int top(int place) {
    return GAP + place / columns * cellHeight;
  }

  private void drawNames(Graphics2D graphics, PrintWriter err) {
    try {
      graphics.setColor(Color.BLACK);
      graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, TEXT - 3));
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      FontMetrics metrics = graphics.getFontMetrics();
      List<String> names = dataset.classNames();
      for (int i = 0; i < count; i++) {
        int label = dataset.label(index(i));
        String name = label < 0 ? "-" : fitting(names.get(label), metrics);
        int margin = Math.max(0, side - metrics.stringWidth(name)) / 2;
        graphics.drawString(name, left(i) + margin, top(i) + side + TEXT - 3);
      }
    } catch (RuntimeException | LinkageError | InternalError e) {
      // A minimal system without fontconfig or fonts fails in one of these ways; none is a checked
      // exception.
      err.println(
          "warning: no names of classes in the picture; for these install fontconfig and a font");
    }
  }

  private String fitting(String name, FontMetrics metrics) {
    String shown = name;
    while (shown.length() > 1 && metrics.stringWidth(shown) > side) {
      shown = shown.substring(0, shown.length() - 1);
    }
    return shown;
  }
}
