package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.evaluation.BitsPerDimension;
import io.github.tornadodiffusion.diffusion.evaluation.DenoisingError;
import io.github.tornadodiffusion.diffusion.evaluation.EvaluatedModel;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.Denoiser;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.programs.Inference;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** How well a model of a {@link TrainingStudy} denoises held-out images. */
record StudyDenoising(TrainingStudy study, StudyArm arm, TrainingConfig config) {
  /** Logarithms of the signal-to-noise ratio at which denoising is measured. */
  static final List<Integer> LOG_SNRS = IntStream.rangeClosed(-8, 8).boxed().toList();

  /** A timestep that differs from a logarithm by more than this is not used for it. */
  private static final double NEAR = 0.25;

  /** The number of timesteps in each quarter at which denoising is measured. */
  private static final int TIMESTEPS_PER_QUARTER = 8;

  private static final int QUARTERS = 4;

  /** The cost in forward passes of one image. */
  long cost() {
    long perImage =
        study.settings().boundTimesteps()
            + LOG_SNRS.size()
            + (long) QUARTERS * TIMESTEPS_PER_QUARTER;
    return perImage * StudyUnit.wholeBatches(study.denoised().size(), batch());
  }

  private int batch() {
    return Math.min(config.batch(), study.denoised().size());
  }

  /**
   * Measures and adds rows.
   *
   * @param work is told how many images every batch has
   */
  void measure(DiffusionModel model, Experiment.Sink sink, IntConsumer work) {
    Dataset heldOut = study.denoised();
    int batch = batch();
    int size = config.imageSize();
    try (Inference inference =
        Inference.record(new UNet2DModel(model.unet()), new BatchShape(batch, size, size))
            .open(study.engine(), model.parameters())) {
      Denoiser denoiser =
          (sample, timesteps, labels) -> {
            float[] output = inference.predict(UNetInputs.of(sample, timesteps, labels).values());
            work.accept(batch);
            return output;
          };
      NoiseSchedule schedule = model.scheduler().noiseSchedule();
      EvaluatedModel evaluated =
          new EvaluatedModel(denoiser, batch, schedule, config.prediction(), false);
      bound(evaluated, heldOut, sink);
      errorsBySnr(evaluated, heldOut, sink);
      errorsByQuarter(evaluated, heldOut, sink);
    }
  }

  private void bound(EvaluatedModel model, Dataset heldOut, Experiment.Sink sink) {
    BitsPerDimension bits =
        BitsPerDimension.of(
            model,
            heldOut,
            new BitsPerDimension.Options(
                arm.variance(), true, study.levels(), study.settings().boundTimesteps()),
            config.seed());
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("bits_per_dimension", bits.mean());
    row.put("prior_bits", bits.prior());
    row.put("images", heldOut.size());
    sink.row("bound", row);
    for (BitsPerDimension.Term term : bits.terms()) {
      Map<String, Object> part = new LinkedHashMap<>();
      part.put("first_timestep", term.first());
      part.put("timesteps", term.timesteps());
      part.put("bits_of_a_timestep", term.bits());
      sink.row("bound_term", part);
    }
  }

  /**
   * Measures at the timesteps that are nearest to fixed ratios, so that schedules can be compared.
   */
  private void errorsBySnr(EvaluatedModel model, Dataset heldOut, Experiment.Sink sink) {
    int[] timesteps =
        LOG_SNRS.stream().mapToInt(logSnr -> nearest(model.schedule(), logSnr)).toArray();
    List<DenoisingError.Row> rows = DenoisingError.of(model, heldOut, timesteps, config.seed());
    for (int i = 0; i < timesteps.length; i++) {
      double there = logSnr(model.schedule(), timesteps[i]);
      if (Math.abs(there - LOG_SNRS.get(i)) <= NEAR) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("log_snr", LOG_SNRS.get(i));
        row.put("timestep", timesteps[i]);
        row.put("timestep_log_snr", there);
        putErrors(row, rows.subList(i * heldOut.size(), (i + 1) * heldOut.size()));
        sink.row("error_by_log_snr", row);
      }
    }
  }

  private void errorsByQuarter(EvaluatedModel model, Dataset heldOut, Experiment.Sink sink) {
    int count = QUARTERS * TIMESTEPS_PER_QUARTER;
    int all = model.schedule().timesteps();
    int[] timesteps = new int[count];
    for (int i = 0; i < count; i++) {
      timesteps[i] = (int) ((i + 0.5) * all / count);
    }
    List<DenoisingError.Row> rows = DenoisingError.of(model, heldOut, timesteps, config.seed());
    int part = rows.size() / QUARTERS;
    for (int quarter = 0; quarter < QUARTERS; quarter++) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("quarter", quarter + 1);
      putErrors(row, rows.subList(quarter * part, (quarter + 1) * part));
      sink.row("error_by_quarter", row);
    }
  }

  private static void putErrors(Map<String, Object> row, List<DenoisingError.Row> errors) {
    row.put(
        "noise_error", errors.stream().mapToDouble(DenoisingError.Row::noise).average().orElse(0));
    row.put(
        "original_error",
        errors.stream().mapToDouble(DenoisingError.Row::original).average().orElse(0));
  }

  private static int nearest(NoiseSchedule schedule, double logSnr) {
    int best = 0;
    for (int t = 1; t < schedule.timesteps(); t++) {
      if (Math.abs(logSnr(schedule, t) - logSnr) < Math.abs(logSnr(schedule, best) - logSnr)) {
        best = t;
      }
    }
    return best;
  }

  /** The logarithm of signal^2 / sigma^2. */
  static double logSnr(NoiseSchedule schedule, int timestep) {
    double kept = schedule.alphaCumprod(timestep);
    return Math.log(kept / (1 - kept));
  }
}
