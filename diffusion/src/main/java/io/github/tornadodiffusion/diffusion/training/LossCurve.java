package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The course of a training, one row per step; stored as CSV. */
public final class LossCurve {
  private static final String HEADER = "step,epoch,loss,q0,q1,q2,q3,grad_norm,lr,images_per_s,vlb";

  private static final int COLUMNS = 11;

  private final List<Row> rows = new ArrayList<>();

  /**
   * One step.
   *
   * @param step counted from 1
   * @param epoch of the step's first image, counted from 1
   * @param loss mean squared error of the batch
   * @param quartiles mean loss of the images in each quarter of the timesteps, lowest first; NaN
   *     for a quarter without images
   * @param gradNorm norm of all gradients before clipping
   * @param learningRate that the step used
   * @param imagesPerSecond of this step alone
   * @param vlb the variational bound in nats per dimension, estimated from the step's images: T
   *     times the mean of their terms; NaN for a model that does not predict its variance
   */
  public record Row(
      int step,
      long epoch,
      double loss,
      List<Double> quartiles,
      double gradNorm,
      double learningRate,
      double imagesPerSecond,
      double vlb) {

    /** A step of a model that does not predict its variance. */
    public Row(
        int step,
        long epoch,
        double loss,
        List<Double> quartiles,
        double gradNorm,
        double learningRate,
        double imagesPerSecond) {
      this(step, epoch, loss, quartiles, gradNorm, learningRate, imagesPerSecond, Double.NaN);
    }
  }

  /** Appends a row. */
  public void add(Row row) {
    rows.add(row);
  }

  /** All rows, first step first. */
  public List<Row> rows() {
    return Collections.unmodifiableList(rows);
  }

  /** The mean loss of the last steps, or of all if there are fewer; NaN before the first. */
  public double meanLoss(int steps) {
    return rows.stream()
        .skip(Math.max(0, rows.size() - steps))
        .mapToDouble(Row::loss)
        .average()
        .orElse(Double.NaN);
  }

  /** Writes the rows as CSV, atomically; what is not a number is an empty cell. */
  public void write(Path file) throws IOException {
    StringBuilder csv = new StringBuilder(HEADER).append('\n');
    for (Row row : rows) {
      csv.append(row.step).append(',').append(row.epoch).append(',').append(row.loss);
      for (double quartile : row.quartiles) {
        csv.append(',').append(cell(quartile));
      }
      csv.append(',').append(row.gradNorm).append(',').append(row.learningRate);
      csv.append(',').append(row.imagesPerSecond);
      csv.append(',').append(cell(row.vlb)).append('\n');
    }
    AtomicFiles.write(file, csv.toString());
  }

  private static String cell(double value) {
    return Double.isNaN(value) ? "" : Double.toString(value);
  }

  private static double value(String cell) {
    return cell.isEmpty() ? Double.NaN : Double.parseDouble(cell);
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException in one line if the file does not exist or has another format
   */
  public static LossCurve read(Path file) throws IOException {
    LossCurve curve = new LossCurve();
    List<String> lines = Files.readAllLines(file);
    if (lines.isEmpty() || !lines.getFirst().equals(HEADER)) {
      throw new IOException(file + " is not a loss curve: its first line must be " + HEADER);
    }
    for (String line : lines.subList(1, lines.size())) {
      try {
        curve.add(row(line));
      } catch (IllegalArgumentException e) {
        throw new IOException("%s is damaged at '%s': delete that line".formatted(file, line), e);
      }
    }
    return curve;
  }

  private static Row row(String line) {
    String[] cells = line.split(",", -1);
    if (cells.length != COLUMNS) {
      throw new IllegalArgumentException(cells.length + " columns");
    }
    List<Double> quartiles = new ArrayList<>();
    for (int i = 3; i < 7; i++) {
      quartiles.add(value(cells[i]));
    }
    return new Row(
        Integer.parseInt(cells[0]),
        Long.parseLong(cells[1]),
        Double.parseDouble(cells[2]),
        quartiles,
        Double.parseDouble(cells[7]),
        Double.parseDouble(cells[8]),
        Double.parseDouble(cells[9]),
        value(cells[10]));
  }
}
