package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.commons.math3.stat.StatUtils;

/**
 * The figures that two runs of {@code train} are compared by: the steps, the median rate, and the
 * picture of samples.
 */
final class TrainingFigures {
  private static final String RATE = "images_per_s";

  private TrainingFigures() {}

  /**
   * The figures.
   *
   * @throws IOException in one line if a file cannot be read
   */
  static List<Row> of(RunDirectory run) throws IOException {
    List<String> lines = Files.readAllLines(run.lossCsv());
    List<String> names = List.of(lines.getFirst().split(",", -1));
    List<Row> rows = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split(",", -1);
      Map<String, Object> values = new LinkedHashMap<>();
      for (int i = 0; i < Math.min(cells.length, names.size()); i++) {
        values.put(names.get(i), cells[i].isEmpty() ? null : (Object) Double.valueOf(cells[i]));
      }
      rows.add(new Row("train", "loss", values));
    }
    double[] rates = rows.stream().mapToDouble(row -> row.number(RATE)).toArray();
    rows.forEach(row -> row.values().remove(RATE));
    double median = StatUtils.percentile(rates, 50);
    rows.add(new Row("train", "speed", Map.of(RATE, median)));
    if (Files.exists(run.samples())) {
      rows.add(new Row("train", "samples", pixels(run.samples())));
    }
    return rows;
  }

  private static Map<String, Object> pixels(Path picture) throws IOException {
    BufferedImage image = ImageIO.read(picture.toFile());
    if (image == null) {
      throw new IOException("%s is damaged: restore it or delete it".formatted(picture));
    }
    Raster raster = image.getRaster();
    double[] values = raster.getPixels(0, 0, image.getWidth(), image.getHeight(), (double[]) null);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("mean_pixel", StatUtils.mean(values));
    figures.put("pixel_variance", StatUtils.variance(values));
    return figures;
  }
}
