package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.ops.optimizer.Optimizer;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Schedule;

/**
 * What follows the backward pass: clipping, AdamW and the moving average, one launch for all
 * parameters each.
 *
 * @param gradients of the parameters' length and layout, as are the moments and the average
 * @param ema the averaged parameters, or null
 * @param hyper see {@link Optimizer#hyper}
 * @param clear whether the gradients are to be zero afterwards
 */
public record Update(
    Buffer parameters,
    Buffer gradients,
    Buffer firstMoments,
    Buffer secondMoments,
    Buffer ema,
    Buffer hyper,
    boolean clear) {

  /** An update of so many parameters that belong to no model. */
  static Update ofFloats(int floats, boolean ema, boolean clear) {
    return new Update(
        Buffer.persistent("parameters", floats),
        Buffer.persistent("gradients", floats),
        Buffer.persistent("first moments", floats),
        Buffer.persistent("second moments", floats),
        ema ? Buffer.persistent("average", floats) : null,
        Buffer.persistent("hyperparameters", Optimizer.HYPER_SIZE),
        clear);
  }

  /** Adds the update to a schedule. */
  public void addTo(Schedule schedule) {
    int floats = parameters.floats();
    Buffer scratch = Buffer.scratch("clip", Optimizer.clipScratch(floats));
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
                at.of(parameters),
                at.of(gradients),
                at.of(firstMoments),
                at.of(secondMoments),
                floats,
                at.of(hyper)),
        parameters,
        gradients,
        firstMoments,
        secondMoments,
        hyper);
    if (clear) {
      schedule.add("clear gradients", at -> Optimizer.clear(at.of(gradients), floats), gradients);
    }
    if (ema != null) {
      schedule.add(
          "EMA",
          at -> Optimizer.ema(at.of(ema), at.of(parameters), floats, at.of(hyper)),
          ema,
          parameters,
          hyper);
    }
  }
}
