package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.optimizer.Optimizer;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.HostLength;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.MemoryPlan;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetGraph;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import java.util.ArrayList;
import java.util.List;

/** The steps of one training step and where everything lies. */
public final class TrainingGraph {
  /** Parameters that a trial updates: some chunks of an update and a part of one. */
  private static final int TRIAL_FLOATS = 50_000;

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

  /** The loss of a model that predicts its variance, or null. */
  final HybridLoss hybrid;

  /** The averaged parameters, or null. */
  final Buffer ema;

  public final Schedule schedule = new Schedule();
  public final MemoryPlan plan;

  /** How many steps of the schedule come before the update. */
  private final int backwardSteps;

  public TrainingGraph(UNet2DConfig config, UNetTraining.Options options) {
    this.options = options;
    int batch = options.batch();
    net = new UNetGraph(new UNet2DModel(config), batch, options.height(), options.width());
    boolean variance = config.outChannels() == 2 * config.inChannels();
    if (!variance && config.inChannels() != config.outChannels()) {
      throw new IllegalArgumentException(
          "The model has %d input and %d output channels: training needs as many of both, or twice"
                  .formatted(config.inChannels(), config.outChannels())
              + " as many output channels for a learned variance");
    }
    hybrid = variance ? new HybridLoss(batch) : null;
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
    Tensor target = Tensor.of("target", net.plainSampleShape(), false);
    mix(schedule, "target", noise, images, targetNoise, targetSample, target);
    Tensor output = net.record(noisy);
    net.graph.forward(schedule);
    Tensor gradOutput =
        hybrid == null
            ? MeanSquaredError.record(schedule, output, target, lossWeights, lossPerImage)
            : hybrid.record(schedule, output, target, images, lossWeights, lossPerImage);
    new Gradients(gradients, options.accumulate())
        .backward(schedule, net.graph.operations(), output, gradOutput);
    backwardSteps = schedule.steps().size();
    new Update(
            net.weights, gradients, firstMoments, secondMoments, ema, hyper, options.accumulate())
        .addTo(schedule);
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

  /**
   * The programs: the whole step, and with accumulation the step without update after it.
   *
   * @return one or two
   */
  List<Program> programs() {
    List<Buffer> inputs = inputs();
    List<Buffer> losses = new ArrayList<>(List.of(lossPerImage));
    if (hybrid != null) {
      losses.add(hybrid.boundPerImage);
    }
    List<Buffer> outputs = new ArrayList<>(losses);
    outputs.add(hyper);
    Program step = plan.program("train step", inputs, outputs);
    return options.accumulate()
        ? List.of(step, plan.program("accumulate", 0, backwardSteps, inputs, losses))
        : List.of(step);
  }

  /** How many steps of the schedule come before the parameters change: the gradients' norm too. */
  int stepsBeforeUpdate() {
    return backwardSteps + 1;
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
    if (hybrid != null) {
      inputs.addAll(hybrid.inputs());
    }
    return inputs;
  }

  /** Writes all that a call works on. */
  void write(LoadedProgram to, UNetTraining.StepInput input) {
    switch (input.noise()) {
      case UNetTraining.NoiseSource.Given given ->
          to.writeImages(noise, "noise values", given.values());
      case UNetTraining.NoiseSource.Drawn drawn -> {
        Block shape = net.plainSampleShape();
        int imageLength = shape.h() * shape.w() * shape.c();
        long first = (long) drawn.firstImage() * imageLength;
        to.write(
            seed, Noise.seedBlock(drawn.seed(), UNetTraining.NOISE_STREAM, drawn.step(), first));
      }
    }
    net.conditions.write(to, input.timesteps(), UNetInputs.floats(input.labels()));
    perImage(to, signal, "signal coefficients", input.signal());
    perImage(to, sigma, "sigma coefficients", input.sigma());
    perImage(to, targetNoise, "target coefficients", input.targetNoise());
    perImage(to, targetSample, "target coefficients", input.targetSample());
    perImage(to, lossWeights, "loss weights", input.lossWeights());
    to.writeImages(images, "image values", input.images());
    to.write(hyper, input.hyperparameters().block());
    if (hybrid != null) {
      perImage(to, hybrid.range, "variance ranges", input.variance().range());
      perImage(to, hybrid.scale, "variance scales", input.variance().scale());
      perImage(to, hybrid.halfBin, "variance half bins", input.variance().halfBin());
      perImage(to, hybrid.weights, "variance weights", input.variance().weights());
    }
  }

  private void perImage(LoadedProgram to, Buffer buffer, String what, float[] values) {
    HostLength.check(what, values.length, options.batch());
    to.write(buffer, values);
  }

  /** What the device must be able to do for it, see {@link Engine#prove}. */
  static List<Trial> trials(UNet2DConfig config, UNetTraining.Options options) {
    int images = Math.min(options.batch(), Trials.BATCH);
    TrainingGraph small = new TrainingGraph(config, options.withBatch(images));
    List<Step> steps = new ArrayList<>(small.schedule.steps().subList(0, small.backwardSteps));
    // Not the update of all parameters, which may be as many as memory holds.
    Schedule update = new Schedule();
    Update.ofFloats(TRIAL_FLOATS, options.ema(), options.accumulate()).addTo(update);
    steps.addAll(update.steps());
    return Trials.of(steps, small.net.graph.constants());
  }
}
