package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Noise;
import io.github.tornadodiffusion.kernels.Optimizer;
import io.github.tornadodiffusion.kernels.Program;
import java.util.ArrayList;
import java.util.List;

/** The steps of one training step and where everything lies. */
final class TrainingGraph {
  final UNetTraining.Options options;
  final UNetGraph net;
  final Tensor images;
  final Tensor noise;
  final Buffer signal;
  final Buffer sigma;
  final Buffer targetNoise;
  final Buffer targetSample;
  final Buffer seed = Buffer.persistent("seed", Noise.SEED_SIZE);
  final Buffer hyper = Buffer.persistent("hyperparameters", Optimizer.HYPER_SIZE);
  final Buffer lossWeights;
  final Buffer lossPerImage;
  final Buffer gradients;
  final Buffer firstMoments;
  final Buffer secondMoments;

  /** The averaged parameters, or null. */
  final Buffer ema;

  final Schedule schedule = new Schedule();
  final MemoryPlan plan;

  /** How many steps of the schedule come before the update. */
  private final int backwardSteps;

  TrainingGraph(UNet2DConfig config, UNetTraining.Options options) {
    this.options = options;
    int batch = options.batch();
    net = new UNetGraph(new UNet2DModel(config), batch, options.height(), options.width());
    if (config.inChannels() != config.outChannels()) {
      throw new IllegalArgumentException(
          "The model has %d input and %d output channels: training needs as many of both"
              .formatted(config.inChannels(), config.outChannels()));
    }
    if (config.dropout() != 0) {
      throw new IllegalArgumentException(
          "The model has dropout %s, which training does not support: set dropout to 0"
              .formatted(config.dropout()));
    }
    if (config.fourier()) {
      throw new IllegalArgumentException(
          "The model has time_embedding_type fourier, of the logarithm of a timestep, and training"
              + " meets timestep 0: use positional or learned");
    }
    images = Tensor.persistent("images", net.plainSampleShape(), false);
    signal = Buffer.persistent("signal", batch);
    sigma = Buffer.persistent("sigma", batch);
    targetNoise = Buffer.persistent("target noise", batch);
    targetSample = Buffer.persistent("target sample", batch);
    lossWeights = Buffer.persistent("loss weights", batch);
    lossPerImage = Buffer.persistent("loss", batch);
    int floats = net.weights.floats();
    gradients = Buffer.persistent("gradients", floats);
    firstMoments = Buffer.persistent("first moments", floats);
    secondMoments = Buffer.persistent("second moments", floats);
    ema = options.ema() ? Buffer.persistent("average", floats) : null;
    if (options.givenNoise()) {
      noise = Tensor.persistent("noise", net.plainSampleShape(), false);
    } else {
      noise = Tensor.of("noise", net.plainSampleShape(), false);
      schedule.add("noise", at -> Noise.gaussian(at.of(seed), at.block(noise)), seed, noise);
    }
    Tensor noisy = Tensor.of("noisy", net.sampleShape(), false);
    mix(schedule, "add noise", images, noise, signal, sigma, noisy);
    Tensor target = Tensor.of("target", net.outputShape(), false);
    mix(schedule, "target", noise, images, targetNoise, targetSample, target);
    Tensor output = net.record(noisy);
    net.graph.forward(schedule);
    MeanSquaredError.record(
        schedule,
        net.graph,
        new Gradients(gradients, options.accumulate()),
        output,
        target,
        lossWeights,
        lossPerImage);
    backwardSteps = schedule.steps().size();
    update(schedule, floats);
    plan = new MemoryPlan(schedule.steps(), List.of(net.weights, seed));
  }

  private static void mix(
      Schedule schedule, String label, Tensor x, Tensor y, Buffer a, Buffer b, Tensor out) {
    schedule.add(
        label,
        at -> Noise.mix(at.block(x), at.block(y), at.of(a), at.of(b), at.block(out)),
        x,
        y,
        a,
        b,
        out);
  }

  private void update(Schedule schedule, int floats) {
    Buffer scratch = Buffer.temporary("clip scratch", Optimizer.clipScratch(floats));
    schedule.addAll(
        "clip",
        at -> Optimizer.clip(at.of(gradients), floats, at.of(hyper), at.of(scratch)),
        gradients,
        hyper,
        scratch);
    schedule.add(
        "AdamW",
        at ->
            Optimizer.adamW(
                at.of(net.weights),
                at.of(gradients),
                at.of(firstMoments),
                at.of(secondMoments),
                floats,
                at.of(hyper)),
        net.weights,
        gradients,
        firstMoments,
        secondMoments,
        hyper);
    if (options.accumulate()) {
      schedule.add("clear gradients", at -> Optimizer.clear(at.of(gradients), floats), gradients);
    }
    if (ema != null) {
      schedule.add(
          "EMA",
          at -> Optimizer.ema(at.of(ema), at.of(net.weights), floats, at.of(hyper)),
          ema,
          net.weights,
          hyper);
    }
  }

  /**
   * The programs: the whole step, and with accumulation the step without update after it.
   *
   * @return one or two
   */
  List<Program> programs() {
    List<Buffer> inputs = inputs();
    Program step = plan.program("train step", inputs, List.of(lossPerImage, hyper));
    return options.accumulate()
        ? List.of(step, plan.program("accumulate", backwardSteps, inputs, List.of(lossPerImage)))
        : List.of(step);
  }

  private List<Buffer> inputs() {
    List<Buffer> inputs =
        new ArrayList<>(
            List.of(
                images.buffer(),
                signal,
                sigma,
                targetNoise,
                targetSample,
                lossWeights,
                seed,
                hyper));
    inputs.addAll(net.conditions.buffers());
    return inputs;
  }
}
