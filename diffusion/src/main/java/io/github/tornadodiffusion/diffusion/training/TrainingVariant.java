package io.github.tornadodiffusion.diffusion.training;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import java.util.Map;

/**
 * How a training run departs from the plain recipe.
 *
 * @param accumulate batches whose gradients go into one update
 * @param lossWeight the weight of the loss of an image
 * @param labelDropout share of labels that are replaced by the null class, the model's last, for
 *     classifier-free guidance (Ho and Salimans 2022); 0 for none
 * @param emaPower exponent of the moving average's warm-up 1 - (1 + step)^-power, as diffusers'
 *     {@code use_ema_warmup}; 0 for the other one, (1 + step) / (10 + step)
 * @param variance of the noise of a step in the scheduler; with {@code LEARNED_RANGE} the model
 *     predicts it with the second half of its channels and learns by the hybrid objective (Nichol
 *     and Dhariwal 2021)
 * @param rng where random numbers come from
 * @param timestepDensity how often each timestep is trained on
 * @param base the model whose parameters and noise schedule training begins with; null for a new
 *     one
 * @param shards parts of a batch, a power of two, whose gradients are computed apart and added
 *     along a tree, by as many processes as divide it: they change the last bits of a result, the
 *     number of processes does not
 * @param rescaleBetasZeroSnr whether the noise schedule of a new model is rescaled so that its last
 *     timestep is noise alone (Lin et al. 2023)
 */
public record TrainingVariant(
    int accumulate,
    LossWeight lossWeight,
    double labelDropout,
    double emaPower,
    VarianceType variance,
    Rng rng,
    TimestepDensity timestepDensity,
    DiffusionModel base,
    boolean rescaleBetasZeroSnr,
    int shards) {
  /** The plain recipe. */
  public static final TrainingVariant PLAIN =
      new TrainingVariant(
          1,
          LossWeight.UNIFORM,
          0,
          0,
          VarianceType.FIXED_SMALL,
          Rng.PHILOX,
          TimestepDensity.UNIFORM,
          null);

  /** A variant whose noise schedule is as its name or the base model says. */
  public TrainingVariant(
      int accumulate,
      LossWeight lossWeight,
      double labelDropout,
      double emaPower,
      VarianceType variance,
      Rng rng,
      TimestepDensity timestepDensity,
      DiffusionModel base) {
    this(
        accumulate,
        lossWeight,
        labelDropout,
        emaPower,
        variance,
        rng,
        timestepDensity,
        base,
        false,
        1);
  }

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException in one line naming the value and what is possible
   */
  public TrainingVariant {
    check(accumulate >= 1, "accumulate", accumulate, "at least 1");
    check(Integer.bitCount(shards) == 1 && shards > 0, "shards", shards, "a power of two");
    check(
        labelDropout >= 0 && labelDropout < 1, "label_dropout", labelDropout, "from 0 to below 1");
    check(emaPower >= 0 && emaPower < 1000, "ema_power", emaPower, "at least 0 and below 1000");
    check(
        variance != VarianceType.LEARNED,
        "variance_type",
        variance.id(),
        "fixed or learned_range to be trained");
    check(
        rng == Rng.PHILOX || timestepDensity.equals(TimestepDensity.UNIFORM),
        "rng",
        rng.id(),
        Rng.PHILOX.id() + " for timesteps that are not drawn as PyTorch draws them");
    check(
        base == null || !rescaleBetasZeroSnr,
        "rescale_betas_zero_snr",
        rescaleBetasZeroSnr,
        "as the model that it begins with has it");
  }

  /** The same with another weight of the losses. */
  public TrainingVariant withLossWeight(LossWeight weight) {
    return with(weight, labelDropout, shards);
  }

  /** The same with another probability of dropping labels. */
  public TrainingVariant withLabelDropout(double share) {
    return with(lossWeight, share, shards);
  }

  /** The same with another number of shards. */
  public TrainingVariant withShards(int count) {
    return with(lossWeight, labelDropout, count);
  }

  private TrainingVariant with(LossWeight weight, double dropout, int count) {
    return new TrainingVariant(
        accumulate,
        weight,
        dropout,
        emaPower,
        variance,
        rng,
        timestepDensity,
        base,
        rescaleBetasZeroSnr,
        count);
  }

  /** Whether the model predicts its variance. */
  boolean learnsVariance() {
    return variance == VarianceType.LEARNED_RANGE;
  }

  /** Adds the values by name. */
  void putInto(Map<String, Object> map) {
    map.put("accumulate", accumulate);
    map.put("snr_gamma", lossWeight instanceof MinSnr minSnr ? minSnr.gamma() : 0.0);
    map.put("label_dropout", labelDropout);
    map.put("ema_power", emaPower);
    map.put("variance_type", variance.id());
    map.put("rng", rng.id());
    if (!lossWeight.equals(LossWeight.UNIFORM) && !(lossWeight instanceof MinSnr)) {
      map.put("loss_weight", lossWeight.getClass().getName());
    }
    if (!timestepDensity.equals(TimestepDensity.UNIFORM)) {
      map.put("timestep_density", timestepDensity.getClass().getName());
    }
    if (shards > 1) {
      map.put("shards", shards);
    }
    if (rescaleBetasZeroSnr) {
      map.put("rescale_betas_zero_snr", true);
    }
    map.put("base_model", base == null ? "none" : base.hash());
  }
}
