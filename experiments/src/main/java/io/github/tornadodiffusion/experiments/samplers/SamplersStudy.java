package io.github.tornadodiffusion.experiments.samplers;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.HeldOut;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.bench.Pace;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import io.github.tornadodiffusion.experiments.framework.KeptTraining;
import io.github.tornadodiffusion.experiments.framework.QuickTime;
import io.github.tornadodiffusion.experiments.study.FeatureSpace;
import io.github.tornadodiffusion.experiments.study.StudyOptions;
import io.github.tornadodiffusion.experiments.study.TrainingStudy;
import io.github.tornadodiffusion.experiments.training.ImageOptions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One model, sampled by several samplers with several numbers of steps from the same noise, for
 * several seeds of that noise.
 */
final class SamplersStudy implements Experiment, AutoCloseable {
  /** Deterministic, so that every noise leads to one image. */
  private static final String REFERENCE = "DDIMScheduler";

  private final List<String> schedulers;
  private final List<Integer> sampleSteps;
  private final StudyOptions options;
  private final Integer givenReference;
  private final boolean quick;
  private int seeds;
  private int samples;
  private int classifierSteps;
  private int referenceSteps;
  private TrainingConfig config;
  private Pace pace;
  private final DiffusionModel given;
  private final Dataset whole;
  private final HeldOut data;
  private final DeviceOptions device;
  private final PrintWriter err;
  private Engine engine;
  private DiffusionModel model;
  private FeatureSpace features;
  private int referenceSeed = -1;
  private float[] reference;

  /**
   * A study.
   *
   * @param schedulers diffusers' class names
   * @param sampleSteps ascending
   * @param referenceSteps of the images to compare with, or null for all timesteps
   * @param given the model, or null to train one
   * @throws IllegalArgumentException in one line naming the option and what is possible
   */
  SamplersStudy(
      List<String> schedulers,
      List<Integer> sampleSteps,
      Integer referenceSteps,
      StudyOptions options,
      DiffusionModel given,
      boolean quick,
      DeviceOptions device,
      PrintWriter err)
      throws IOException {
    this.schedulers = schedulers;
    this.sampleSteps = sampleSteps;
    this.device = device;
    this.err = err;
    device.check();
    this.given = given;
    whole = options.open(options.config(null, 0), quick, err);
    data = TrainingStudy.split(whole);
    this.options = options;
    givenReference = referenceSteps;
    this.quick = quick;
    plan();
    check();
    options.say(whole, err);
  }

  private void plan() throws IOException {
    seeds = options.seeds(quick);
    samples = options.samples(quick);
    classifierSteps = options.classifierSteps(quick);
    config = options.config(null, 0, data.training(), quick);
    int all = scheduler(REFERENCE).config().numTrainTimesteps();
    int usual = quick ? Math.min(all, options.quickly(all, 20)) : all;
    referenceSteps =
        givenReference == null
            ? usual
            : StudyOptions.within("--reference-steps", givenReference, all);
  }

  /** Makes the version of --quick so small that it takes no longer than it may. */
  void fitQuick(ExperimentOptions run) throws IOException {
    QuickTime.fit(
        run,
        err,
        share -> {
          options.share(share);
          plan();
          return estimateSeconds();
        },
        () -> pace = null,
        () ->
            "%d seeds, %d training steps, %d samples, %d steps to the reference"
                .formatted(seeds, config.steps(), samples, referenceSteps));
  }

  private void check() {
    if (given != null
        && (given.unet().numClassEmbeds() != null
            || given.unet().inChannels() != config.unet().inChannels()
            || !config.unet().sampleSize().equals(given.unet().sampleSize()))) {
      throw new IllegalArgumentException(
          "the model of --model does not make images like those of --preset, without classes; name"
              + " another --model or --preset");
    }
    for (String name : schedulers) {
      Scheduler scheduler = scheduler(name);
      UNet2DModel model = new UNet2DModel(unet());
      ModelSampler.check(model, scheduler);
      for (int steps : sampleSteps) {
        ModelSampler.check(model, Sampling.of(scheduler, steps));
      }
    }
  }

  private UNet2DConfig unet() {
    return given == null ? config.unet() : given.unet();
  }

  /** A sampler of the model. */
  Scheduler scheduler(String name) {
    return Schedulers.convert(given == null ? config.scheduler() : given.scheduler(), name);
  }

  @Override
  public Kind kind() {
    return SamplersExperiment.KIND;
  }

  @Override
  public Map<String, Object> configuration() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("schedulers", schedulers);
    map.put("sample_steps", sampleSteps);
    map.put("seeds", seeds);
    map.put("samples", samples);
    map.put("classifier_steps", classifierSteps);
    map.put("reference_steps", referenceSteps);
    Map<String, Object> training = new LinkedHashMap<>(config.toMap());
    training.put("unet", Json.tree(unet().toJson()));
    map.put("training", training);
    map.put("trained", given == null);
    map.put("data_sha256", whole.hash());
    map.put(TrainingStudy.IMAGES, ImageOptions.describe(whole));
    map.put("training_images", data.training().size());
    map.put("held_out_images", data.heldOut().size());
    map.put("device", device.device);
    map.put("conv", device.conv);
    return map;
  }

  @Override
  public String subject() {
    return StudyOptions.subject(whole);
  }

  @Override
  public List<Experiment.Unit> units() {
    List<Experiment.Unit> units = new ArrayList<>();
    for (int seed = 0; seed < seeds; seed++) {
      for (String scheduler : schedulers) {
        units.add(new SamplersUnit(this, seed, scheduler));
      }
    }
    return units;
  }

  /** All images, of training and held out. */
  Dataset dataset() {
    return whole;
  }

  List<Integer> sampleSteps() {
    return sampleSteps;
  }

  int samples() {
    return samples;
  }

  TrainingConfig config() {
    return config;
  }

  static String key(int seed, String scheduler) {
    return "seed-%d-%s".formatted(seed, scheduler);
  }

  static String picture(int steps) {
    return "samples-" + steps;
  }

  private int batch() {
    return Math.min(config.batch(), samples);
  }

  @Override
  public double estimateSeconds() {
    double calls = referenceSteps;
    for (String name : schedulers) {
      for (int steps : sampleSteps) {
        calls += Sampling.of(scheduler(name), steps).calls();
      }
    }
    double passes = calls * seeds * Math.ceilDiv(samples, batch());
    Preset preset = TrainingStudy.plain(config).withModel(unet());
    if (pace == null) {
      pace = Pace.of(engine(), preset, batch(), (int) Math.min(passes, Integer.MAX_VALUE));
    }
    double trained = given == null ? (double) config.imagesPerStep() * config.steps() : 0;
    return trained * pace.training() + passes * batch() * pace.forward();
  }

  private Sampling referenceSampling() {
    return Sampling.of(scheduler(REFERENCE), referenceSteps);
  }

  private Engine engine() {
    if (engine == null) {
      engine = device.open(false, err);
    }
    return engine;
  }

  private DiffusionModel model(Experiment.Sink sink) throws IOException {
    if (model == null && given != null) {
      model = given;
    } else if (model == null) {
      try (Trainer trainer =
          KeptTraining.run(
              engine(),
              config,
              data.training(),
              Trainer.program(config, Processes.ALONE),
              sink,
              row -> sink.progress(0, "training step " + row.step()))) {
        model = config.model(trainer.parameters());
      }
    }
    return model;
  }

  /**
   * The features for the comparison of samples, made when they are first needed; null for data
   * without classes.
   */
  FeatureSpace features(Experiment.Sink sink) throws IOException {
    if (features == null && whole.classes() > 1) {
      features = FeatureSpace.train(engine(), data, classifierSteps, sink);
    }
    return features;
  }

  /** What the noise of a seed leads to with very many steps. */
  float[] reference(int seed, Experiment.Sink sink) throws IOException {
    if (seed != referenceSeed) {
      Sampling sampling = referenceSampling();
      reference = FeatureSpace.clamped(sample(sampling, seed, 0, 0, sink));
      referenceSeed = seed;
    }
    return reference;
  }

  /**
   * Samples images.
   *
   * @param before the share of the unit that is already done
   * @param share of the unit that this takes
   */
  float[] sample(Sampling sampling, int seed, double before, double share, Experiment.Sink sink)
      throws IOException {
    try (ModelSampler sampler = ModelSampler.open(engine(), model(sink), sampling, batch())) {
      return sampler.sample(
          sampling,
          samples,
          seed,
          null,
          (done, total) ->
              sink.progress(before + share * done / total, sampling.calls() + " calls"));
    }
  }

  @Override
  public void close() {
    if (features != null) {
      features.close();
    }
    if (engine != null) {
      engine.close();
    }
  }
}
