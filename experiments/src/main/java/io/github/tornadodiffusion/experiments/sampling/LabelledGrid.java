package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.images.GreyImage;
import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.PrintWriter;
import java.util.function.IntFunction;

/** Images side by side with the names of their classes below. */
public final class LabelledGrid {
  private static final int GAP = 4;
  private static final int TEXT = 14;

  private static final Color PAPER = new Color(0xF0F0F0);

  private final int count;
  private final int columns;
  private final int width;
  private final int height;
  private final int cellHeight;
  private final IntFunction<BufferedImage> images;
  private final IntFunction<String> names;

  /**
   * A grid of images of a data set.
   *
   * @param count images, at least 1, evenly spread over the data set
   */
  public LabelledGrid(Dataset dataset, int count) {
    this(
        count,
        dataset.imageSize(),
        dataset.imageSize(),
        place ->
            ImageGrid.single(
                dataset.image(index(dataset, count, place)),
                0,
                dataset.channels(),
                dataset.imageSize(),
                dataset.imageSize()),
        dataset.classes() == 0
            ? null
            : place -> {
              int label = dataset.label(index(dataset, count, place));
              return label < 0 ? "-" : dataset.classNames().get(label);
            });
  }

  /**
   * A grid.
   *
   * @param images in their places, pixel for value
   * @param names in the same places; null for none
   */
  private LabelledGrid(
      int count,
      int imageWidth,
      int imageHeight,
      IntFunction<BufferedImage> images,
      IntFunction<String> names) {
    this.count = count;
    this.images = images;
    this.names = names;
    int scale = ImageGrid.scale(imageHeight, imageWidth);
    columns = (int) Math.ceil(Math.sqrt(count));
    width = imageWidth * scale;
    height = imageHeight * scale;
    cellHeight = height + GAP + (names == null ? 0 : TEXT);
  }

  /**
   * The picture of samples: with the names of their classes where these are known.
   *
   * @param images count * shape.length() values, NCHW
   * @param labels one an image, or null
   * @param known what the labels mean, or null
   * @param err where to say that there are no names, for want of fonts
   */
  public static BufferedImage ofSamples(
      float[] images,
      int count,
      Film.ImageShape shape,
      int[] labels,
      ClassLabels known,
      PrintWriter err) {
    int channels = shape.channels();
    if (labels == null || known == null || known.names().isEmpty()) {
      return ImageGrid.grid(images, count, channels, shape.height(), shape.width());
    }
    return new LabelledGrid(
            count,
            shape.width(),
            shape.height(),
            place -> ImageGrid.single(images, place, channels, shape.height(), shape.width()),
            place -> known.name(labels[place]))
        .draw(err);
  }

  private long pictureWidth() {
    return GAP + (long) columns * (width + GAP);
  }

  private long pictureHeight() {
    return GAP + (long) Math.ceilDiv(count, columns) * cellHeight;
  }

  /** How many pixels the picture has. */
  public long pixels() {
    return pictureWidth() * pictureHeight();
  }

  /** The image of a data set in a place of its grid. */
  public static int index(Dataset dataset, int count, int place) {
    return (int) ((long) place * dataset.size() / count);
  }

  /**
   * Draws the picture.
   *
   * @param err receives the warning that names are missing because there are no fonts
   */
  public BufferedImage draw(PrintWriter err) {
    BufferedImage picture =
        new BufferedImage((int) pictureWidth(), (int) pictureHeight(), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setColor(PAPER);
      graphics.fillRect(0, 0, picture.getWidth(), picture.getHeight());
      for (int i = 0; i < count; i++) {
        graphics.drawImage(GreyImage.toRgb(images.apply(i)), left(i), top(i), width, height, null);
      }
      if (names != null) {
        drawNames(graphics, err);
      }
    } finally {
      graphics.dispose();
    }
    return picture;
  }

  private int left(int place) {
    return GAP + place % columns * (width + GAP);
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
      for (int i = 0; i < count; i++) {
        String name = fitting(names.apply(i), metrics);
        int margin = Math.max(0, width - metrics.stringWidth(name)) / 2;
        graphics.drawString(name, left(i) + margin, top(i) + height + TEXT - 3);
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
    while (shown.length() > 1 && metrics.stringWidth(shown) > width) {
      shown = shown.substring(0, shown.length() - 1);
    }
    return shown;
  }
}
