package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.evaluation.NearestNeighbours;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.training.LossCurve;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.KeptTraining;
import io.github.tornadodiffusion.kernels.Engine;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** A model of one arm and one seed: trained on the training part, measured on the held-out one. */
final class StudyUnit implements Experiment.Unit {
  private static final int LOSS_ROWS = 100;

  /** Images in a picture. */
  private static final int PICTURED = 25;

  /** The approximate cost of a training step in forward passes. */
  private static final int TRAINING_COST = 3;

  private final TrainingStudy study;
  private final StudyArm arm;
  private final TrainingConfig config;
  private final StudyDenoising denoising;

  StudyUnit(TrainingStudy study, StudyArm arm, TrainingConfig config) {
    this.study = study;
    this.arm = arm;
    this.config = config;
    denoising = new StudyDenoising(study, arm, config);
  }

  static String key(long seed, String arm) {
    return "seed-%d-%s".formatted(seed, arm);
  }

  @Override
  public String key() {
    return key(config.seed(), arm.name());
  }

  TrainingConfig config() {
    return config;
  }

  /** Training steps as forward passes of one image each. */
  long trainingCost() {
    return (long) TRAINING_COST * config.imagesPerStep() * config.steps();
  }

  /** The cost of measuring in forward passes of one image. */
  long measuringCost() {
    StudySettings settings = study.settings();
    long perSample = settings.sampleSteps().stream().mapToLong(Integer::longValue).sum();
    return denoising.cost() + perSample * wholeBatches(settings.samples(), samplingBatch());
  }

  private int samplingBatch() {
    return Math.min(config.batch(), study.settings().samples());
  }

  /** Images that are computed, because the last batch is always full. */
  static long wholeBatches(int images, int batch) {
    return (long) Math.ceilDiv(images, batch) * batch;
  }

  @Override
  public void run(Experiment.Sink sink) throws IOException {
    Work work = new Work(sink, trainingCost() + measuringCost());
    FeatureSpace features = study.features(sink);
    if (features != null) {
      features.describe(sink, study.settings().samples());
    }
    Map<String, Object> times = new LinkedHashMap<>();
    DiffusionModel model = train(sink, work, times);
    long start = System.nanoTime();
    denoising.measure(model, sink, images -> work.add(images, "held-out images"));
    times.put("evaluation_seconds", seconds(start));
    sample(model, features, sink, work);
    sink.row("times", times);
  }

  private DiffusionModel train(Experiment.Sink sink, Work work, Map<String, Object> times)
      throws IOException {
    long start = System.nanoTime();
    int[] first = {0};
    long cost = (long) TRAINING_COST * config.imagesPerStep();
    try (Trainer trainer =
        KeptTraining.run(
            study.engine(),
            config,
            study.data().training(),
            study.program(arm),
            sink,
            row -> {
              first[0] = first[0] == 0 ? row.step() : first[0];
              work.at(cost * row.step(), "training step " + row.step());
            })) {
      work.at(cost * config.steps(), "trained");
      int before = first[0] == 0 ? config.steps() : first[0] - 1;
      times.put(
          "training_seconds",
          seconds(start) + KeptTraining.secondsBefore(config, trainer.curve(), before));
      losses(trainer.curve(), sink);
      return config.model(trainer.parameters());
    }
  }

  /** The curve in at most {@link #LOSS_ROWS} means. */
  private static void losses(LossCurve curve, Experiment.Sink sink) {
    List<LossCurve.Row> rows = curve.rows();
    int block = Math.ceilDiv(rows.size(), LOSS_ROWS);
    for (int first = 0; first < rows.size(); first += block) {
      List<LossCurve.Row> part = rows.subList(first, Math.min(first + block, rows.size()));
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("step", part.getLast().step());
      row.put("loss", part.stream().mapToDouble(LossCurve.Row::loss).average().orElseThrow());
      sink.row("loss", row);
    }
  }

  private void sample(DiffusionModel model, FeatureSpace features, Experiment.Sink sink, Work work)
      throws IOException {
    StudySettings settings = study.settings();
    var scheduler = Schedulers.convert(model.scheduler(), settings.scheduler());
    int batch = samplingBatch();
    Engine engine = study.engine();
    List<Sampling> samplings =
        settings.sampleSteps().stream().map(steps -> Sampling.of(scheduler, steps)).toList();
    Set<Integer> registers = new TreeSet<>();
    samplings.forEach(sampling -> registers.addAll(sampling.registers()));
    try (ModelSampler sampler = ModelSampler.open(engine, model, scheduler, registers, batch)) {
      for (int i = 0; i < samplings.size(); i++) {
        Sampling sampling = samplings.get(i);
        int steps = settings.sampleSteps().get(i);
        long start = System.nanoTime();
        float[] images =
            sampler.sample(
                sampling,
                settings.samples(),
                config.seed(),
                null,
                (done, total) -> work.add(batch, steps + " sampling steps"));
        double took = seconds(start);
        quality(steps, images, features, took, sink);
        int pictured = Math.min(PICTURED, settings.samples());
        sink.picture(picture(steps), PngFiles.encode(sampler.grid(images, pictured), Map.of()));
      }
    }
  }

  /** The name of the picture of samples. */
  static String picture(int steps) {
    return "samples-" + steps;
  }

  private void quality(
      int steps, float[] images, FeatureSpace features, double seconds, Experiment.Sink sink) {
    float[] clamped = FeatureSpace.clamped(images);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("sample_steps", steps);
    if (features != null) {
      features.distances(clamped).putInto(row);
    }
    NearestNeighbours.Summary neighbours =
        NearestNeighbours.compare(
            NearestNeighbours.of(single(clamped), study.data().training()),
            study.heldOutNeighbours());
    row.put("generated_median_distance", neighbours.generatedMedian());
    row.put("held_out_median_distance", neighbours.heldOutMedian());
    row.put("near_distance", neighbours.nearDistance());
    row.put("near_share", neighbours.nearShare());
    row.put("sampling_seconds", seconds);
    sink.row("quality", row);
  }

  private float[][] single(float[] images) {
    int count = study.settings().samples();
    int length = images.length / count;
    float[][] single = new float[count][];
    Arrays.setAll(single, i -> Arrays.copyOfRange(images, i * length, (i + 1) * length));
    return single;
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) * 1e-9;
  }

  /** The progress of a unit, in forward passes of one image. */
  private static final class Work {
    private final Experiment.Sink sink;
    private final long total;
    private long done;

    Work(Experiment.Sink sink, long total) {
      this.sink = sink;
      this.total = total;
    }

    void at(long images, String details) {
      done = images;
      sink.progress((double) done / total, details);
    }

    void add(long images, String details) {
      done += images;
      sink.progress((double) done / total, details);
    }
  }
}
