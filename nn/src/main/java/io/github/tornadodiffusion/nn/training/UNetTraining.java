package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBound;
import io.github.tornadodiffusion.kernels.ops.optimizer.Optimizer;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Training of a UNet on a device. One program is one step: noise, addNoise, forward, loss,
 * backward, clipping, AdamW and EMA. Images go in, the loss comes out; parameters and moments stay
 * on the device until they are asked for.
 *
 * <p>A model with twice as many output as input channels predicts the variance of a step with the
 * second half of them, and learns it by the hybrid objective of Nichol and Dhariwal (2021).
 */
public final class UNetTraining implements AutoCloseable {
  /** The stream of the noise that is added to images. */
  static final int NOISE_STREAM = 0;

  private final TrainingGraph recorded;
  private final LoadedProgram loaded;

  /** Ends before the update; the whole step where the training does not accumulate. */
  private final Program accumulation;

  /**
   * What is fixed for a training.
   *
   * @param batch images a step
   * @param ema whether to keep an exponential moving average of the parameters
   * @param accumulate whether the gradients of several calls may go into one update
   * @param givenNoise whether every call is given its noise, or the device draws it
   */
  public record Options(
      int batch, int height, int width, boolean ema, boolean accumulate, boolean givenNoise) {
    /** The same for another number of images. */
    Options withBatch(int images) {
      return new Options(images, height, width, ema, accumulate, givenNoise);
    }

    /** One update a call, with noise of the device's own. */
    public Options(int batch, int height, int width, boolean ema) {
      this(batch, height, width, ema, false, false);
    }
  }

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
   * @param noise where it comes from
   * @param lossWeights {@code [n]}: what the loss of every image counts in the batch's mean
   * @param variance for a model that predicts its variance; null for any other
   * @param update whether the parameters are updated, or the gradients of the next call are to be
   *     added first
   */
  public record StepInput(
      float[] images,
      float[] timesteps,
      int[] labels,
      float[] signal,
      float[] sigma,
      float[] targetNoise,
      float[] targetSample,
      NoiseSource noise,
      float[] lossWeights,
      VarianceInput variance,
      boolean update,
      Hyperparameters hyperparameters) {

    /** A whole step in which all images count the same and the device draws the noise. */
    public StepInput(
        float[] images,
        float[] timesteps,
        int[] labels,
        float[] signal,
        float[] sigma,
        float[] targetNoise,
        float[] targetSample,
        long seed,
        int step,
        Hyperparameters hyperparameters) {
      this(
          images,
          timesteps,
          labels,
          signal,
          sigma,
          targetNoise,
          targetSample,
          new NoiseSource.Drawn(seed, step, 0),
          ones(timesteps.length),
          null,
          true,
          hyperparameters);
    }

    private static float[] ones(int count) {
      float[] ones = new float[count];
      Arrays.fill(ones, 1);
      return ones;
    }
  }

  /**
   * What the variational bound of a model that predicts its variance needs to know of the
   * timesteps; see {@link VariationalBound}. It does not move the model's first half of channels.
   *
   * @param range {@code [n]}
   * @param scale {@code [n]}
   * @param halfBin {@code [n]}
   * @param weights {@code [n]}: what the term of every image counts in the batch's mean
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record VarianceInput(float[] range, float[] scale, float[] halfBin, float[] weights) {}

  /** Where the noise of a call comes from. */
  public sealed interface NoiseSource {
    /**
     * The device draws it: the same seed and step give the same noise.
     *
     * @param firstImage how many images the step has before those of this call
     */
    record Drawn(long seed, int step, int firstImage) implements NoiseSource {}

    /**
     * The host gives it.
     *
     * @param values {@code [n, c, h, w]}
     */
    @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
    record Given(float[] values) implements NoiseSource {}
  }

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

    public float[] block() {
      return Optimizer.hyper(
          learningRate, beta1, beta2, epsilon, weightDecay, optimizerStep, maxGradNorm, emaDecay);
    }
  }

  /**
   * What a step reports.
   *
   * @param lossPerImage mean squared error of every image, before the update
   * @param boundPerImage the term of the variational bound of every image's timestep in nats a
   *     dimension, before the update and without weight; null for a model that does not predict its
   *     variance
   * @param gradNorm norm of all gradients, before clipping; 0 for a call without update
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record StepResult(float[] lossPerImage, float[] boundPerImage, float gradNorm) {
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
    List<Program> programs = recorded.programs();
    accumulation = programs.getLast();
    loaded = new LoadedProgram(engine, recorded.plan, programs, recorded.net.graph);
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
    TrainingGraph recorded = new TrainingGraph(config, options);
    engine.checkRoom(recorded.plan.floats());
    engine.prove(() -> TrainingGraph.trials(config, options));
    return new UNetTraining(engine, recorded, parameters);
  }

  /** Floats of device memory that {@link #open} will take. */
  public static long arenaFloats(UNet2DConfig config, Options options) {
    return new TrainingGraph(config, options).plan.floats();
  }

  /**
   * Runs one step, or a part of one whose update follows.
   *
   * @throws IllegalArgumentException if a length does not fit the batch, a label the model, or the
   *     input the options
   */
  public StepResult step(StepInput input) {
    if (recorded.options.givenNoise() != input.noise instanceof NoiseSource.Given) {
      throw new IllegalArgumentException(
          "The noise is not from where the training was opened for: use the option for it");
    }
    if (!input.update && !recorded.options.accumulate()) {
      throw new IllegalArgumentException(
          "The training was opened without accumulation: every call must update");
    }
    if ((input.variance != null) != (recorded.hybrid != null)) {
      throw new IllegalArgumentException(
          recorded.hybrid == null
              ? "The model does not predict its variance: leave its coefficients out"
              : "The model predicts its variance: give its coefficients");
    }
    recorded.write(loaded, input);
    float gradNorm = 0;
    if (input.update) {
      loaded.run();
      gradNorm = loaded.read(recorded.hyper, Optimizer.HYPER_SIZE)[Optimizer.GRAD_NORM];
    } else {
      loaded.run(accumulation);
    }
    return new StepResult(
        loaded.read(recorded.lossPerImage, recorded.net.batch),
        recorded.hybrid == null
            ? null
            : loaded.read(recorded.hybrid.boundPerImage, recorded.net.batch),
        gradNorm);
  }

  /**
   * Says where the first NaN or infinity of the next step comes from: the operation and its tensor.
   * The step is computed on the processor, whatever the device, and changes nothing.
   *
   * @param inputs of all calls of the step
   */
  public String findNonFinite(List<StepInput> inputs) {
    return new NonFiniteSearch(recorded).find(parameters(), inputs);
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
