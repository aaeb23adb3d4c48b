package io.github.tornadodiffusion.kernels;

import java.util.List;

/** Updates of all parameters at once; they lie contiguous in the arena, as do gradients and moments. Lengths are multiples of 16. */
public final class Optimizer {
  /** Places in the hyper-parameter block that the host writes before each step. */
  public static final int LEARNING_RATE = 0;
  public static final int BETA1 = 1;
  public static final int BETA2 = 2;
  public static final int EPSILON = 3;
  public static final int WEIGHT_DECAY = 4;
  /** 1 - beta1^step. */
  public static final int BIAS_CORRECTION1 = 5;
  /** sqrt(1 - beta2^step). */
  public static final int BIAS_CORRECTION2_SQRT = 6;
  public static final int EMA_DECAY = 7;
  /** Largest gradient norm; 0 or less means that gradients are not clipped. */
  public static final int MAX_GRAD_NORM = 8;
  /** Written by {@link #clip}: the norm before clipping. */
  public static final int GRAD_NORM = 9;
  /** Written by {@link #clip}: what AdamW multiplies gradients by. */
  public static final int GRAD_SCALE = 10;
  /** Floats in the block. */
  public static final int HYPER_SIZE = 16;

  private Optimizer() {}

  public static int clipScratch(int length) {
    throw new UnsupportedOperationException();
  }

  /** Global gradient norm and clip factor min(1, max / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_. */
  public static List<Call> clip(int gradients, int length, int hyper, int scratch) {
    throw new UnsupportedOperationException();
  }

  /** AdamW (Loshchilov and Hutter 2019) as torch.optim.AdamW; gradients are multiplied by hyper[GRAD_SCALE] first. */
  public static Call adamW(int parameters, int gradients, int firstMoment, int secondMoment, int length, int hyper) {
    throw new UnsupportedOperationException();
  }

  /** shadow -= (1 - decay) * (shadow - parameters), as diffusers EMAModel. */
  public static Call ema(int shadow, int parameters, int length, int hyper) {
    throw new UnsupportedOperationException();
  }
}
