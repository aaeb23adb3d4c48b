package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerCalls;
import io.github.tornadodiffusion.nn.distributed.TreeSum;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import java.util.ArrayList;
import java.util.List;

/**
 * What follows the backward pass: clipping, the optimizer and the moving average, each for all
 * trained parameters at once.
 *
 * @param gradients with the length and layout of the parameters, like the states and the average
 * @param part which of them this process changes
 * @param states of the optimizer, for that part
 * @param ema the averaged parameters of that part, or null
 * @param block see {@link UpdateBlock}
 * @param clear whether the gradients are to be zero afterwards
 */
record UpdateSteps(
    Buffer parameters,
    Buffer gradients,
    TreeSum.Range part,
    List<Buffer> states,
    Buffer ema,
    Buffer block,
    boolean clear) {

  /** An update of parameters, with new buffers for everything else. */
  static UpdateSteps of(Buffer parameters, Training.Options options) {
    int floats = parameters.floats();
    TreeSum.Range part = options.part(floats);
    List<Buffer> states = new ArrayList<>();
    for (String name : options.optimizer().state()) {
      states.add(Buffer.persistent(name, part.length()));
    }
    return new UpdateSteps(
        parameters,
        Buffer.persistent("gradients", floats),
        part,
        states,
        options.ema() ? Buffer.persistent("average", part.length()) : null,
        Buffer.persistent("hyperparameters", UpdateBlock.SIZE),
        options.accumulate() && options.share() == null);
  }

  /** Adds the update. */
  void addTo(Steps steps, Optimizer optimizer) {
    int floats = parameters.floats();
    Buffer scratch = Buffer.scratch("clip", OptimizerCalls.clipScratch(floats));
    steps.addAll(
        "clip", at -> OptimizerCalls.clip(at.of(gradients), floats, at.of(block), at.of(scratch)));
    Stored own = new Stored.Slice(parameters, part.from(), part.length());
    if (part.length() > 0) {
      Stored gradient = new Stored.Slice(gradients, part.from(), part.length());
      optimizer.record(steps, own, gradient, states, block);
    }
    if (clear) {
      steps.add("clear gradients", at -> OptimizerCalls.clear(at.of(gradients), floats));
    }
    if (ema != null && part.length() > 0) {
      steps.add(
          "EMA", at -> OptimizerCalls.ema(at.of(ema), at.of(own), own.floats(), at.of(block)));
    }
  }
}
