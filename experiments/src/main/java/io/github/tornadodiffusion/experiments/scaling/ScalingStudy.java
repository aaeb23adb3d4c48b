package io.github.tornadodiffusion.experiments.scaling;

import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.experiments.bench.Pace;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The cost of one model with one thing changed at a time: image size, channels or batch. */
final class ScalingStudy implements Experiment, AutoCloseable {
  static final String SIZE = "size";
  static final String CHANNELS = "channels";
  static final String BATCH = "batch";

  /** What is measured of every model. */
  static final List<String> PROGRAMS = List.of("forward", "train-step");

  /** The approximate time for building and closing a program. */
  private static final double BUILD_SECONDS = 0.3;

  private final Preset preset;
  private Axes axes;
  private int runs;
  private final DeviceOptions device;
  private final PrintWriter err;
  private final List<Point> points = new ArrayList<>();
  private Engine engine;
  private Pace pace;
  private double pacedCost;

  /**
   * The values of every axis.
   *
   * @param sizes of images
   * @param channels of the first block
   * @param batches images per run
   * @param batch when another axis is changed
   */
  record Axes(List<Integer> sizes, List<Integer> channels, List<Integer> batches, int batch) {}

  /**
   * A study.
   *
   * @throws IllegalArgumentException in one line if a model is not possible or there is too little
   *     memory
   */
  ScalingStudy(Preset preset, Axes axes, int runs, DeviceOptions device, PrintWriter err) {
    this.preset = preset;
    this.device = device;
    this.err = err;
    device.check();
    plan(axes, runs);
  }

  /**
   * Plans the work anew.
   *
   * @throws IllegalArgumentException in one line if a model is not possible or there is too little
   *     memory
   */
  void plan(Axes planned, int eachRuns) {
    axes = planned;
    runs = eachRuns;
    points.clear();
    UNet2DConfig model = preset.model();
    int size = model.sampleSize().height();
    int channels = model.blockOutChannels().getFirst();
    for (int value : axes.sizes()) {
      points.add(new Point(SIZE, value, model(value, channels), axes.batch()));
    }
    for (int value : axes.channels()) {
      points.add(new Point(CHANNELS, value, model(size, value), axes.batch()));
    }
    for (int value : axes.batches()) {
      points.add(new Point(BATCH, value, model, value));
    }
    for (Point point : points) {
      new MemoryNeed(point.training.floats(), MemoryNeed.parameters(point.model))
          .check("--sizes, --channels or --batches");
    }
  }

  /** The preset's model with another image size and width. */
  private UNet2DConfig model(int size, int firstChannels) {
    List<Integer> channels = preset.model().blockOutChannels();
    List<Integer> scaled = new ArrayList<>();
    for (int block : channels) {
      long wide = (long) block * firstChannels;
      if (wide % channels.getFirst() != 0) {
        throw new IllegalArgumentException(
            "--channels %d does not go with the blocks %s of %s; give a multiple of %d"
                .formatted(firstChannels, channels, preset.name(), preset.model().normNumGroups()));
      }
      scaled.add(Math.toIntExact(wide / channels.getFirst()));
    }
    return preset.model().toBuilder().sampleSize(size).blockOutChannels(scaled).build();
  }

  /** What is planned, in a few words. */
  String describe() {
    return "sizes %s, channels %s, batches %s, %d runs of each"
        .formatted(axes.sizes(), axes.channels(), axes.batches(), runs);
  }

  @Override
  public Kind kind() {
    return ScalingExperiment.KIND;
  }

  @Override
  public Map<String, Object> configuration() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("preset", preset.name());
    map.put("unet", Json.tree(preset.model().toJson()));
    map.put("sizes", axes.sizes());
    map.put("channels", axes.channels());
    map.put("batches", axes.batches());
    map.put("batch", axes.batch());
    map.put("runs", runs);
    map.put("device", device.device);
    map.put("conv", device.conv);
    return map;
  }

  @Override
  public List<Experiment.Unit> units() {
    return List.copyOf(points);
  }

  /** From the most expensive model: the cost of the others is proportional to their size. */
  @Override
  public double estimateSeconds() {
    Point dearest = points.stream().max(Comparator.comparingDouble(Point::imageCost)).orElseThrow();
    if (pace == null || pacedCost != dearest.imageCost()) {
      pace =
          Pace.of(engine(), preset.withModel(dearest.model), dearest.batch, runs * points.size());
      pacedCost = dearest.imageCost();
    }
    double images =
        points.stream().mapToDouble(point -> point.batch * point.imageCost()).sum()
            / dearest.imageCost();
    return runs * images * (pace.training() + pace.forward())
        + PROGRAMS.size() * points.size() * BUILD_SECONDS;
  }

  /** Has the next estimate measure once more. */
  void measureAnew() {
    pace = null;
  }

  private Engine engine() {
    if (engine == null) {
      engine = device.open(false, err);
    }
    return engine;
  }

  @Override
  public void close() {
    if (engine != null) {
      engine.close();
    }
  }

  /** A model and a batch. */
  private final class Point implements Experiment.Unit {
    private final String axis;
    private final int value;
    private final UNet2DConfig model;
    private final int batch;
    private final RecordedProgram<Training> training;

    Point(String axis, int value, UNet2DConfig model, int batch) {
      this.axis = axis;
      this.value = value;
      this.model = model;
      this.batch = batch;
      training = Workload.training(preset.withModel(model), batch);
    }

    @Override
    public String key() {
      return axis + "-" + value;
    }

    int size() {
      return model.sampleSize().height();
    }

    int width() {
      return model.blockOutChannels().getFirst();
    }

    private Workload workload(String program) {
      Preset scaled = preset.withModel(model);
      return program.equals("forward")
          ? Workload.of(program, engine(), scaled, batch)
          : Workload.trainStep(engine(), scaled, training);
    }

    /** The work for an image, in units of that for one pixel with a width of one. */
    private double imageCost() {
      return Math.pow((double) size() * width(), 2);
    }

    @Override
    public void run(Experiment.Sink sink) {
      for (int p = 0; p < PROGRAMS.size(); p++) {
        String program = PROGRAMS.get(p);
        try (Workload workload = workload(program)) {
          Map<String, Object> row = new LinkedHashMap<>();
          row.put("axis", axis);
          row.put("value", value);
          row.put("program", program);
          row.put("flops", workload.flops());
          row.put("arena_floats", workload.floats());
          row.put("parameters", MemoryNeed.parameters(model));
          sink.row("cost", row);
          for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            workload.run().run();
            time(program, i, (System.nanoTime() - start) * 1e-6, sink);
            sink.progress((p + (i + 1.0) / runs) / PROGRAMS.size(), program);
          }
        }
      }
    }

    private void time(String program, int run, double millis, Experiment.Sink sink) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("axis", axis);
      row.put("value", value);
      row.put("program", program);
      row.put("run", run);
      row.put("run_ms", millis);
      sink.row("run", row);
    }
  }
}
