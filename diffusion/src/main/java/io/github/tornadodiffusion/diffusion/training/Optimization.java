package io.github.tornadodiffusion.diffusion.training;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;
import java.util.Map;

/**
 * How gradients change the parameters: AdamW, its learning rate, clipping and a moving average.
 *
 * @param learningRate of AdamW
 * @param lrSchedule how the learning rate changes
 * @param lrWarmupSteps steps of its linear warm-up
 * @param adamBeta1 AdamW's decay of the first moment
 * @param adamBeta2 AdamW's decay of the second moment
 * @param adamEpsilon AdamW's epsilon
 * @param weightDecay AdamW's decoupled weight decay
 * @param maxGradNorm limit of the norm of all gradients; 0 for no clipping
 * @param emaDecay the largest decay of the moving average of the parameters; 0 for no average
 */
public record Optimization(
    double learningRate,
    LearningRateSchedule.Kind lrSchedule,
    int lrWarmupSteps,
    double adamBeta1,
    double adamBeta2,
    double adamEpsilon,
    double weightDecay,
    double maxGradNorm,
    double emaDecay) {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException in one line naming the value and what is possible
   */
  public Optimization {
    check(learningRate > 0 && learningRate < 1000, "lr", learningRate, "above 0 and below 1000");
    check(lrWarmupSteps >= 0, "lr_warmup_steps", lrWarmupSteps, "at least 0");
    check(adamBeta1 >= 0 && adamBeta1 < 1, "adam_beta1", adamBeta1, "from 0 to below 1");
    check(adamBeta2 >= 0 && adamBeta2 < 1, "adam_beta2", adamBeta2, "from 0 to below 1");
    check(adamEpsilon > 0, "adam_epsilon", adamEpsilon, "above 0");
    check(weightDecay >= 0, "weight_decay", weightDecay, "at least 0");
    check(
        maxGradNorm >= 0 && maxGradNorm < 1e9,
        "max_grad_norm",
        maxGradNorm,
        "at least 0 and below 1e9");
    check(emaDecay >= 0 && emaDecay < 1, "ema_decay", emaDecay, "from 0 to below 1");
  }

  /** AdamW with PyTorch's defaults, a constant learning rate, no clipping and no average. */
  public static Optimization constant(double learningRate) {
    return new Optimization(
        learningRate, LearningRateSchedule.Kind.CONSTANT, 0, 0.9, 0.999, 1e-8, 1e-2, 0, 0);
  }

  /** The same with a rate that warms up and then follows a curve. */
  public Optimization withSchedule(LearningRateSchedule.Kind kind, int warmupSteps) {
    return new Optimization(
        learningRate,
        kind,
        warmupSteps,
        adamBeta1,
        adamBeta2,
        adamEpsilon,
        weightDecay,
        maxGradNorm,
        emaDecay);
  }

  /** The same with gradients clipped to this norm; 0 for no clipping. */
  public Optimization withMaxGradNorm(double norm) {
    return new Optimization(
        learningRate,
        lrSchedule,
        lrWarmupSteps,
        adamBeta1,
        adamBeta2,
        adamEpsilon,
        weightDecay,
        norm,
        emaDecay);
  }

  /** The same with a moving average of the parameters; 0 for none. */
  public Optimization withEmaDecay(double decay) {
    return new Optimization(
        learningRate,
        lrSchedule,
        lrWarmupSteps,
        adamBeta1,
        adamBeta2,
        adamEpsilon,
        weightDecay,
        maxGradNorm,
        decay);
  }

  /** The optimizer with the learning rate of a step. */
  public AdamW adamW(double rate) {
    return new AdamW(
        (float) rate,
        (float) adamBeta1,
        (float) adamBeta2,
        (float) adamEpsilon,
        (float) weightDecay);
  }

  /** Adds the values by name. */
  void putInto(Map<String, Object> map) {
    map.put("lr", learningRate);
    map.put("lr_schedule", lrSchedule.id());
    map.put("lr_warmup_steps", lrWarmupSteps);
    map.put("adam_beta1", adamBeta1);
    map.put("adam_beta2", adamBeta2);
    map.put("adam_epsilon", adamEpsilon);
    map.put("weight_decay", weightDecay);
    map.put("max_grad_norm", maxGradNorm);
    map.put("ema_decay", emaDecay);
  }
}
