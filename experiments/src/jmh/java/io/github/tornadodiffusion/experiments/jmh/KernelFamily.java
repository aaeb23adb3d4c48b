package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.resample.Resample;
import java.util.function.Supplier;

/**
 * The kernel families, with shapes of the preset unit1: where nothing else is said, 8 images of
 * 32x32 pixels and 64 channels.
 */
public enum KernelFamily {
  /** 3x3, 64 to 64 channels, with bias. */
  CONV_FORWARD(ProductCases::convForward),
  /** Of the same convolution. */
  CONV_INPUT_GRADIENT(ProductCases::convInputGradient),
  /** Of the same convolution. */
  CONV_WEIGHT_GRADIENT(ProductCases::convWeightGradient),
  /** Matrices of 512x512. */
  MATMUL(ProductCases::matmul),
  /** 16x16 pixels of 128 channels in 16 heads. */
  ATTENTION_FORWARD(ProductCases::attentionForward),
  /** Of the same attention. */
  ATTENTION_BACKWARD(ProductCases::attentionBackward),
  /** 32 groups. */
  GROUP_NORM_FORWARD(NormCases::groupNormForward),
  /** Of the same normalisation, with the gradients of scale and shift. */
  GROUP_NORM_BACKWARD(NormCases::groupNormBackward),
  /** Over the channels of each pixel. */
  SOFTMAX_FORWARD(NormCases::softmaxForward),
  /** Of the same softmax. */
  SOFTMAX_BACKWARD(NormCases::softmaxBackward),
  SILU_FORWARD(() -> unary(64, 32, 32, Activation.SILU::forward)),
  SILU_BACKWARD(() ->
      binary(64, 32, 64, (x, gradOut, out) -> Activation.SILU.backward(x, gradOut, out, false))),
  GELU_FORWARD(() -> unary(64, 32, 32, Activation.GELU::forward)),
  MISH_FORWARD(() -> unary(64, 32, 32, Activation.MISH::forward)),
  ADD(() -> binary(64, 32, 64, Elementwise::add)),
  /** 64 channels and 64 others. */
  CONCAT(() -> binary(64, 32, 128, Elementwise::concat)),
  /** From 16x16 to 32x32 pixels. */
  NEAREST_FORWARD(() -> unary(64, 16, 32, Resample::nearest)),
  /** From 32x32 to 16x16 pixels. */
  NEAREST_BACKWARD(() -> unary(64, 32, 16, (g, out) -> Resample.nearestBackward(g, out, false))),
  /** From 32x32 to 16x16 pixels. */
  AVERAGE_POOL(() -> unary(64, 32, 16, Resample::averagePool)),
  /** Sum over the pixels of each image. */
  SUM_PIXELS(TrainingCases::sumPixels),
  /** 3 channels, by Philox and Box-Muller. */
  NOISE(TrainingCases::noise),
  /** 3 channels, images with noise. */
  NOISE_MIX(TrainingCases::mix),
  /** 8 timesteps, 64 channels. */
  SINUSOID(TrainingCases::sinusoid),
  /** 8 of 1000 rows of 256 channels. */
  EMBEDDING_FORWARD(TrainingCases::lookup),
  /** Of the same table. */
  EMBEDDING_BACKWARD(TrainingCases::lookupBackward),
  /** 3 channels. */
  MSE_FORWARD(TrainingCases::meanSquaredError),
  /** 3 channels. */
  MSE_BACKWARD(TrainingCases::meanSquaredErrorBackward),
  /** 3 channels. */
  VARIATIONAL_BOUND_FORWARD(TrainingCases::variationalBound),
  /** 3 channels. */
  VARIATIONAL_BOUND_BACKWARD(TrainingCases::variationalBoundBackward),
  /** Gradient norm, clipping and update of unit1's 18,536,323 parameters. */
  ADAMW(TrainingCases::adamW),
  /** The moving average of as many. */
  EMA(TrainingCases::ema);

  /** Images of every case. */
  static final int BATCH = 8;

  @SuppressWarnings("ImmutableEnumChecker") // lambdas that keep nothing
  private final Supplier<KernelCase> builder;

  KernelFamily(Supplier<KernelCase> builder) {
    this.builder = builder;
  }

  /** A case on numbers of its own, the same every time. */
  KernelCase build() {
    return builder.get();
  }

  /** Square images at no place yet. */
  static Block images(int side, int channels) {
    return Block.of(0, BATCH, side, side, channels);
  }

  @FunctionalInterface
  private interface Unary {
    Call call(Block x, Block out);
  }

  @FunctionalInterface
  private interface Binary {
    Call call(Block a, Block b, Block out);
  }

  private static KernelCase unary(int channels, int side, int outSide, Unary operation) {
    KernelCase unary = new KernelCase();
    Block x = unary.numbers(images(side, channels));
    return unary.run(operation.call(x, unary.take(images(outSide, channels))));
  }

  private static KernelCase binary(int channels, int side, int outChannels, Binary operation) {
    KernelCase binary = new KernelCase();
    Block a = binary.numbers(images(side, channels));
    Block b = binary.numbers(images(side, channels));
    return binary.run(operation.call(a, b, binary.take(images(side, outChannels))));
  }
}
