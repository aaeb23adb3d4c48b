package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBound;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.GaussianOperation;
import io.github.tornadodiffusion.nn.operations.MeanSquaredErrorOperation;
import io.github.tornadodiffusion.nn.operations.MixOperation;
import io.github.tornadodiffusion.nn.operations.PosteriorOperation;
import io.github.tornadodiffusion.nn.operations.SplitOperation;
import io.github.tornadodiffusion.nn.operations.VariationalBoundOperation;
import io.github.tornadodiffusion.nn.programs.LossWeights;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The objective of a diffusion model (Ho et al. 2020): noise is added to images, and the model
 * learns to predict the noise, the image or a mixture of both, by mean squared error.
 *
 * <p>A model with twice as many output as input channels predicts the variance of a step with the
 * second half of them, and learns it by the hybrid objective of Nichol and Dhariwal (2021, equation
 * 16): the first half learns from the mean squared error, the second from the variational bound, in
 * which the first half is treated as constant.
 *
 * @param model with the inputs {@link Model#SAMPLE} and {@link Model#TIMESTEPS}, optionally others,
 *     and the output {@link Model#SAMPLE}
 * @param givenNoise whether the host gives the noise of every call; otherwise the device draws it
 * @param latents how images are drawn from an autoencoder's distributions, which the host gives in
 *     their place; null for images as they are
 */
public record Denoising(Model model, boolean givenNoise, Latents latents) implements Objective {
  /** The variational bound, beside {@link Objective.Losses#LOSS}. */
  public static final String BOUND = "bound";

  /** The stream of the noise that is added to images. */
  public static final int NOISE_STREAM = 0;

  /** The stream of the noise that latents are drawn with. */
  private static final int LATENT_STREAM = 1;

  private static final String IMAGES = "images";
  private static final String NOISE = "noise";
  private static final String SIGNAL = "signal coefficients";
  private static final String SIGMA = "sigma coefficients";
  private static final String TARGET_NOISE = "noise coefficients of the target";
  private static final String TARGET_SAMPLE = "sample coefficients of the target";
  private static final String RANGE = "variance ranges";
  private static final String SCALE = "variance scales";
  private static final String HALF_BIN = "variance half bins";

  /** The objective on images as they are. */
  public Denoising(Model model, boolean givenNoise) {
    this(model, givenNoise, null);
  }

  /**
   * How latents are drawn: {@code factor (mean + exp(logvar / 2) noise) + term}, with new noise in
   * every call. The host gives means and logarithms of variances, one behind the other in the
   * channels of an image.
   *
   * @param factor the autoencoder's scaling factor
   * @param term minus the shift factor times the scaling factor
   */
  public record Latents(double factor, double term) {
    Tensor record(Graph graph, Block shape) {
      Tensor moments =
          graph.input(
              Input.images(IMAGES, shape.n(), 2 * shape.c(), shape.h(), shape.w(), Padding.NONE));
      List<Tensor> halves = SplitOperation.record(graph, "moments", moments, shape.c());
      Tensor noise = GaussianOperation.record(graph, "latent noise", shape, LATENT_STREAM);
      Tensor drawn =
          PosteriorOperation.record(
              graph, "latents", halves.getFirst(), halves.getLast(), noise, Padding.NONE);
      return AffineOperation.record(graph, "scaled latents", drawn, factor, term, Padding.NONE);
    }
  }

  /**
   * What a call works on: {@code noisy = signal * image + sigma * noise} is the input and {@code
   * targetNoise * noise + targetSample * image} the target.
   *
   * @param images {@code [n, c, h, w]}, in [-1, 1], or {@code [n, 2c, h, w]} for {@link Latents}
   * @param timesteps {@code [n]}
   * @param labels {@code [n]}, or null for a model without classes
   * @param signal {@code [n]}, sqrt(alphasCumprod) of the timesteps
   * @param sigma {@code [n]}, sqrt(1 - alphasCumprod) of the timesteps
   * @param targetNoise {@code [n]}; 1 for epsilon, signal for v_prediction, 0 for sample
   * @param targetSample {@code [n]}; 0 for epsilon, -sigma for v_prediction, 1 for sample
   * @param noise {@code [n, c, h, w]}; null where the device draws it
   * @param weights {@code [n]}: the weight of every image's loss in the mean over the batch; null
   *     for 1
   * @param variance for a model that predicts its variance; null for any other
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record Batch(
      float[] images,
      float[] timesteps,
      int[] labels,
      float[] signal,
      float[] sigma,
      float[] targetNoise,
      float[] targetSample,
      float[] noise,
      float[] weights,
      Variance variance) {

    /** For a model without classes that predicts the noise, which the device draws. */
    public static Batch ofNoise(float[] images, int[] timesteps, float[] signal, float[] sigma) {
      int n = timesteps.length;
      float[] ones = new float[n];
      Arrays.fill(ones, 1);
      return new Batch(
          images,
          Input.floats(timesteps),
          null,
          signal,
          sigma,
          ones,
          new float[n],
          null,
          null,
          null);
    }

    /** The values by the names of the inputs. */
    public Map<String, float[]> values() {
      Map<String, float[]> values = new HashMap<>();
      values.put(IMAGES, images);
      values.put(Model.TIMESTEPS, timesteps);
      values.put(Model.CLASS_LABELS, Input.floats(labels));
      values.put(SIGNAL, signal);
      values.put(SIGMA, sigma);
      values.put(TARGET_NOISE, targetNoise);
      values.put(TARGET_SAMPLE, targetSample);
      values.put(NOISE, noise);
      values.put(LossWeights.of(Losses.LOSS), weights);
      if (variance != null) {
        values.put(RANGE, variance.range);
        values.put(SCALE, variance.scale);
        values.put(HALF_BIN, variance.halfBin);
        values.put(LossWeights.of(BOUND), variance.weights);
      }
      values.values().removeIf(value -> value == null);
      return values;
    }
  }

  /**
   * What the variational bound of a model that predicts its variance needs to know about the
   * timesteps; see {@link VariationalBound}. It gives no gradient to the first half of the model's
   * channels.
   *
   * @param range {@code [n]}
   * @param scale {@code [n]}
   * @param halfBin {@code [n]}
   * @param weights {@code [n]}: the weight of every image's term in the mean over the batch
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record Variance(float[] range, float[] scale, float[] halfBin, float[] weights) {}

  @Override
  public Parameters parameters() {
    return model.parameters();
  }

  @Override
  public Losses record(Graph graph, BatchShape batch) {
    int n = batch.images();
    Block sample = model.input(batch, Model.SAMPLE).shape();
    Block plain = sample.bordered(0, 0, 0, 0);
    Tensor images =
        latents == null ? graph.input(plainImages(IMAGES, plain)) : latents.record(graph, plain);
    Tensor noise =
        givenNoise
            ? graph.input(plainImages(NOISE, plain))
            : GaussianOperation.record(graph, NOISE, plain, NOISE_STREAM);
    Tensor noisy =
        MixOperation.record(
            graph,
            "add noise",
            images,
            noise,
            graph.input(Input.numbers(SIGNAL, n)),
            graph.input(Input.numbers(SIGMA, n)),
            new Padding(sample.top(), sample.left(), sample.bottom(), sample.right()));
    Tensor target =
        MixOperation.record(
            graph,
            "target",
            noise,
            images,
            graph.input(Input.numbers(TARGET_NOISE, n)),
            graph.input(Input.numbers(TARGET_SAMPLE, n)),
            Padding.NONE);
    SequencedMap<String, Tensor> outputs =
        model.record(graph, graph.inputs(model.inputs(batch), Map.of(Model.SAMPLE, noisy)));
    Tensor output = outputs.get(Model.SAMPLE);
    if (output.c() == images.c()) {
      Tensor loss = MeanSquaredErrorOperation.record(graph, Losses.LOSS, output, target);
      return new Losses(Outputs.of(Losses.LOSS, loss), outputs);
    }
    if (output.c() != 2 * images.c()) {
      throw new IllegalArgumentException(
          "The model has %d input and %d output channels: training needs as many of both, or twice"
                  .formatted(images.c(), output.c())
              + " as many output channels for a learned variance");
    }
    return new Losses(hybrid(graph, output, target, images), outputs);
  }

  private static SequencedMap<String, Tensor> hybrid(
      Graph graph, Tensor output, Tensor target, Tensor images) {
    int n = images.n();
    List<Tensor> halves = SplitOperation.record(graph, "variance", output, images.c());
    Tensor prediction = halves.getFirst();
    return Outputs.of(
        Losses.LOSS,
        MeanSquaredErrorOperation.record(graph, Losses.LOSS, prediction, target),
        BOUND,
        VariationalBoundOperation.record(
            graph,
            BOUND,
            prediction,
            target,
            halves.getLast(),
            images,
            new VariationalBoundOperation.Coefficients(
                graph.input(Input.numbers(RANGE, n)),
                graph.input(Input.numbers(SCALE, n)),
                graph.input(Input.numbers(HALF_BIN, n)))));
  }

  private static Input plainImages(String name, Block shape) {
    return Input.images(name, shape.n(), shape.c(), shape.h(), shape.w(), Padding.NONE)
        .called(name.equals(IMAGES) ? "image values" : "noise values");
  }
}
