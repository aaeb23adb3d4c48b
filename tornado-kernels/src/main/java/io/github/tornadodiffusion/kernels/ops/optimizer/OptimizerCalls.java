package io.github.tornadodiffusion.kernels.ops.optimizer;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.AdamW;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Clear;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Ema;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Norm;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Squares;
import java.util.List;

/**
 * Updates of all parameters at once; they lie contiguous in the arena, as do gradients and moments.
 * Lengths are multiples of 16. Bound by memory: AdamW reads four floats per parameter and writes
 * three.
 */
public final class OptimizerCalls {
  /** Places in the hyper-parameter block that the host writes before each step. */
  public static final int LEARNING_RATE = 0;

  /** Decay of the first moments. */
  public static final int BETA1 = 1;

  /** Decay of the second moments. */
  public static final int BETA2 = 2;

  /** Added to the root of the second moments. */
  public static final int EPSILON = 3;

  /** Decoupled from the gradient, as in AdamW. */
  public static final int WEIGHT_DECAY = 4;

  /** 1 - beta1^step. */
  public static final int BIAS_CORRECTION1 = 5;

  /** sqrt(1 - beta2^step). */
  public static final int BIAS_CORRECTION2_SQRT = 6;

  /** Decay of the exponential average of the parameters. */
  public static final int EMA_DECAY = 7;

  /** Largest gradient norm; 0 or less means that gradients are not clipped. */
  public static final int MAX_GRAD_NORM = 8;

  /** Written by {@link #clip}: the norm before clipping. */
  public static final int GRAD_NORM = 9;

  /** Written by {@link #clip}: what AdamW multiplies gradients by. */
  public static final int GRAD_SCALE = 10;

  /** Floats in the block. */
  public static final int HYPER_SIZE = 16;

  /**
   * Floats that one iteration works on; sums over gradients are divided into chunks of this length,
   * whatever the number of threads.
   */
  public static final int CHUNK = 4096;

  private static final Kernel SQUARES =
      Kernel.of(OptimizerKernels.class, "squares")
          .with(OptimizerOracles::squares)
          .with(Tiles.variant(OptimizerTileKernels.class, "squares", 1024));
  private static final Kernel NORM =
      Kernel.of(OptimizerKernels.class, "gradientNorm")
          .with(OptimizerOracles::norm)
          .with(Tiles.variant(OptimizerTileKernels.class, "gradientNorm", 1024));
  private static final Kernel ADAM_W =
      Kernel.of(OptimizerKernels.class, "adamW").with(OptimizerOracles::adamW);
  private static final Kernel EMA =
      Kernel.of(OptimizerKernels.class, "ema").with(OptimizerOracles::ema);
  private static final Kernel CLEAR =
      Kernel.of(OptimizerKernels.class, "clear").with(OptimizerOracles::clear);

  private OptimizerCalls() {}

  /**
   * The content of the hyper-parameter block for one step, with gradients unscaled until {@link
   * #clip} says otherwise. Bias corrections are made in double precision from the rounded betas, so
   * that they fit the moments.
   *
   * @param step number of this step, the first one being 1
   * @param maxGradNorm 0 or less: no clipping
   */
  public static float[] hyper(
      float learningRate,
      float beta1,
      float beta2,
      float epsilon,
      float weightDecay,
      int step,
      float maxGradNorm,
      float emaDecay) {
    if (step < 1) {
      throw new IllegalArgumentException("Optimizer step " + step + ": steps count from 1");
    }
    float[] hyper = new float[HYPER_SIZE];
    hyper[LEARNING_RATE] = learningRate;
    hyper[BETA1] = beta1;
    hyper[BETA2] = beta2;
    hyper[EPSILON] = epsilon;
    hyper[WEIGHT_DECAY] = weightDecay;
    hyper[BIAS_CORRECTION1] = (float) (1 - StrictMath.pow(beta1, step));
    hyper[BIAS_CORRECTION2_SQRT] = (float) StrictMath.sqrt(1 - StrictMath.pow(beta2, step));
    hyper[EMA_DECAY] = emaDecay;
    hyper[MAX_GRAD_NORM] = maxGradNorm;
    hyper[GRAD_SCALE] = 1;
    return hyper;
  }

  /** Floats of scratch memory that {@link #clip} needs. */
  public static int clipScratch(int length) {
    return Block.round16(chunks(length));
  }

  /**
   * Global gradient norm and clip factor min(1, max / (norm + 1e-6)), as
   * torch.nn.utils.clip_grad_norm_; written to hyper[GRAD_NORM] and hyper[GRAD_SCALE]. The
   * gradients stay as they are: {@link #adamW} scales them.
   */
  public static List<Call> clip(int gradients, int length, int hyper, int scratch) {
    requireAligned(length);
    int sums = clipScratch(length);
    int[] squares = new int[Squares.SIZE];
    squares[Squares.BOUND] = sums;
    squares[Squares.LENGTH] = length;
    squares[Squares.GRADIENTS] = gradients;
    squares[Squares.SUMS] = scratch;
    int[] norm = new int[Norm.SIZE];
    norm[Norm.BOUND] = 1;
    norm[Norm.COUNT] = sums;
    norm[Norm.SUMS] = scratch;
    norm[Norm.HYPER] = hyper;
    return List.of(
        new Call(SQUARES, squares, sums, 2.0 * length, 4.0 * (length + sums)),
        new Call(NORM, norm, 1, sums, 4.0 * sums));
  }

  /**
   * AdamW (Loshchilov and Hutter 2019) as torch.optim.AdamW: p *= 1 - lr * decay; m = beta1 m + (1
   * - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 -
   * beta2^t) + eps), where g is the gradient times hyper[GRAD_SCALE].
   */
  public static Call adamW(
      int parameters, int gradients, int firstMoment, int secondMoment, int length, int hyper) {
    requireAligned(length);
    int[] d = new int[AdamW.SIZE];
    d[AdamW.CHUNKS] = chunks(length);
    d[AdamW.LENGTH] = length;
    d[AdamW.PARAMETERS] = parameters;
    d[AdamW.GRADIENTS] = gradients;
    d[AdamW.FIRST_MOMENT] = firstMoment;
    d[AdamW.SECOND_MOMENT] = secondMoment;
    d[AdamW.HYPER] = hyper;
    return new Call(ADAM_W, d, d[AdamW.CHUNKS], 13.0 * length, 28.0 * length);
  }

  /** shadow -= (1 - decay) * (shadow - parameters), as diffusers EMAModel. */
  public static Call ema(int shadow, int parameters, int length, int hyper) {
    requireAligned(length);
    int[] d = new int[Ema.SIZE];
    d[Ema.CHUNKS] = chunks(length);
    d[Ema.LENGTH] = length;
    d[Ema.SHADOW] = shadow;
    d[Ema.PARAMETERS] = parameters;
    d[Ema.HYPER] = hyper;
    return new Call(EMA, d, d[Ema.CHUNKS], 3.0 * length, 12.0 * length);
  }

  /** Sets gradients to zero, for those that add up over several backward passes. */
  public static Call clear(int gradients, int length) {
    requireAligned(length);
    int[] d = new int[Clear.SIZE];
    d[Clear.CHUNKS] = chunks(length);
    d[Clear.LENGTH] = length;
    d[Clear.GRADIENTS] = gradients;
    return new Call(CLEAR, d, d[Clear.CHUNKS], 0, 4.0 * length);
  }

  private static int chunks(int length) {
    return (length + CHUNK - 1) / CHUNK;
  }

  private static void requireAligned(int length) {
    if (length <= 0 || length % 16 != 0) {
      throw new IllegalArgumentException(
          "Optimizer: length " + length + " is not a multiple of 16");
    }
  }
}
