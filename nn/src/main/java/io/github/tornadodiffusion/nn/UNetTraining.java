package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Noise;
import io.github.tornadodiffusion.kernels.Optimizer;
import io.github.tornadodiffusion.kernels.Program;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Training of a UNet on a device. One program is one step: noise, addNoise, forward, loss,
 * backward, clipping, AdamW and EMA. Images go in, the loss comes out; parameters and moments stay
 * on the device until they are asked for.
 */
public final class UNetTraining implements AutoCloseable {
  /** The stream of the noise that is added to images. */
  static final int NOISE_STREAM = 0;

  private final TrainingGraph recorded;
  private final LoadedProgram loaded;

  /**
   * What is fixed for a training.
   *
   * @param batch images a step
   * @param ema whether to keep an exponential moving average of the parameters
   */
  public record Options(int batch, int height, int width, boolean ema) {}

  /**
   * What a step works on. With {@code noise} drawn on the device, {@code noisy = signal * image +
   * sigma * noise} goes in and {@code targetNoise * noise + targetSample * image} should come out.
   *
   * @param images {@code [n, c, h, w]}, in [-1, 1]
   * @param timesteps {@code [n]}
   * @param labels {@code [n]}, or null for a model without classes
   * @param signal {@code [n]}, sqrt(alphasCumprod) of the timesteps
   * @param sigma {@code [n]}, sqrt(1 - alphasCumprod) of the timesteps
   * @param targetNoise {@code [n]}; 1 for epsilon, signal for v_prediction, 0 for sample
   * @param targetSample {@code [n]}; 0 for epsilon, -sigma for v_prediction, 1 for sample
   * @param seed of the noise
   * @param step of the noise: the same seed and step give the same noise
   */
  public record StepInput(
      float[] images,
      float[] timesteps,
      int[] labels,
      float[] signal,
      float[] sigma,
      float[] targetNoise,
      float[] targetSample,
      long seed,
      int step,
      Hyperparameters hyperparameters) {}

  /**
   * Of AdamW (Loshchilov and Hutter 2019), as torch.optim.AdamW names them, of clipping and of EMA.
   *
   * @param optimizerStep counts updates from 1, for the bias corrections
   * @param maxGradNorm largest gradient norm; 0 or less: no clipping
   * @param emaDecay ignored without EMA
   */
  public record Hyperparameters(
      float learningRate,
      float beta1,
      float beta2,
      float epsilon,
      float weightDecay,
      int optimizerStep,
      float maxGradNorm,
      float emaDecay) {

    private float[] block() {
      return Optimizer.hyper(
          learningRate, beta1, beta2, epsilon, weightDecay, optimizerStep, maxGradNorm, emaDecay);
    }
  }

  /**
   * What a step reports.
   *
   * @param lossPerImage mean squared error of every image, before the update
   * @param gradNorm norm of all gradients, before clipping
   */
  public record StepResult(float[] lossPerImage, float gradNorm) {
    /** The loss of the batch. */
    public double loss() {
      double sum = 0;
      for (float image : lossPerImage) {
        sum += image;
      }
      return sum / lossPerImage.length;
    }
  }

  private UNetTraining(Engine engine, TrainingGraph recorded, Map<String, HostTensor> parameters) {
    this.recorded = recorded;
    loaded = new LoadedProgram(engine, recorded.plan, recorded.program(), recorded.net.graph);
    write(recorded.net.weights, parameters);
    if (recorded.ema != null) {
      write(recorded.ema, parameters);
    }
  }

  /**
   * Builds the program and copies the parameters to the device. Moments start at zero, the average
   * at the parameters.
   *
   * @param parameters by diffusers' names, with PyTorch's shapes
   * @throws IllegalArgumentException if the image size or the parameters do not fit the model
   */
  public static UNetTraining open(
      Engine engine, UNet2DConfig config, Map<String, HostTensor> parameters, Options options) {
    return new UNetTraining(engine, new TrainingGraph(config, options, false), parameters);
  }

  /** Like {@link #open}, but every step is given its noise. */
  static UNetTraining openWithGivenNoise(
      Engine engine, UNet2DConfig config, Map<String, HostTensor> parameters, Options options) {
    return new UNetTraining(engine, new TrainingGraph(config, options, true), parameters);
  }

  /** Floats of device memory that {@link #open} will take. */
  public static long arenaFloats(UNet2DConfig config, Options options) {
    return new TrainingGraph(config, options, false).plan.floats();
  }

  /**
   * Runs one step.
   *
   * @throws IllegalArgumentException if a length does not fit the batch, or a label the model
   */
  public StepResult step(StepInput input) {
    loaded.write(recorded.seed, Noise.seedBlock(input.seed, NOISE_STREAM, input.step));
    return run(input);
  }

  /** Runs one step with the given noise, {@code [n, c, h, w]}. */
  StepResult step(StepInput input, float[] noise) {
    loaded.writeImages(recorded.noise, "noise values", noise);
    return run(input);
  }

  private StepResult run(StepInput input) {
    UNetGraph net = recorded.net;
    float[] labels = net.labelValues(input.labels);
    perImage(net.timesteps, "timesteps", input.timesteps);
    perImage(recorded.signal, "signal coefficients", input.signal);
    perImage(recorded.sigma, "sigma coefficients", input.sigma);
    perImage(recorded.targetNoise, "target coefficients", input.targetNoise);
    perImage(recorded.targetSample, "target coefficients", input.targetSample);
    if (labels != null) {
      loaded.write(net.labels, labels);
    }
    loaded.writeImages(recorded.images, "image values", input.images);
    loaded.write(recorded.hyper, input.hyperparameters.block());
    loaded.run();
    float[] hyper = loaded.read(recorded.hyper, Optimizer.HYPER_SIZE);
    return new StepResult(
        loaded.read(recorded.lossPerImage, net.batch), hyper[Optimizer.GRAD_NORM]);
  }

  private void perImage(Buffer buffer, String what, float[] values) {
    HostLength.check(what, values.length, recorded.net.batch);
    loaded.write(buffer, values);
  }

  /** The parameters as they are now, in {@code state_dict} order. */
  public SequencedMap<String, HostTensor> parameters() {
    return read(recorded.net.weights);
  }

  /**
   * The averaged parameters as they are now.
   *
   * @throws IllegalStateException if the training keeps no average
   */
  public SequencedMap<String, HostTensor> emaParameters() {
    if (recorded.ema == null) {
      throw new IllegalStateException("The training keeps no average of the parameters");
    }
    return read(recorded.ema);
  }

  /** AdamW's running mean of the gradients (exp_avg). */
  public SequencedMap<String, HostTensor> firstMoments() {
    return read(recorded.firstMoments);
  }

  /** AdamW's running mean of the squared gradients (exp_avg_sq). */
  public SequencedMap<String, HostTensor> secondMoments() {
    return read(recorded.secondMoments);
  }

  /**
   * Continues an earlier training.
   *
   * @param ema the averaged parameters; null without average
   * @throws IllegalArgumentException if something does not fit the model
   */
  public void setState(
      Map<String, HostTensor> parameters,
      Map<String, HostTensor> firstMoments,
      Map<String, HostTensor> secondMoments,
      Map<String, HostTensor> ema) {
    write(recorded.net.weights, parameters);
    write(recorded.firstMoments, firstMoments);
    write(recorded.secondMoments, secondMoments);
    if ((ema != null) != (recorded.ema != null)) {
      throw new IllegalArgumentException(
          "The earlier training and this one disagree on EMA: use the same setting");
    }
    if (ema != null) {
      write(recorded.ema, ema);
    }
  }

  private SequencedMap<String, HostTensor> read(Buffer buffer) {
    return loaded.readParameters(buffer, recorded.net.model.arenaParameters());
  }

  private void write(Buffer buffer, Map<String, HostTensor> values) {
    loaded.writeParameters(buffer, recorded.net.model.arenaParameters(), values);
  }

  /** Floats of device memory that this training takes. */
  public long arenaFloats() {
    return loaded.arenaFloats();
  }

  /** The program of one step, for profiles. */
  public Program program() {
    return loaded.program();
  }

  /** The session that runs {@link #program}, for profiles. */
  public Engine.Session session() {
    return loaded.session();
  }

  @Override
  public void close() {
    loaded.close();
  }
}
