package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import java.util.List;

/**
 * How gradients change parameters, with hyper-parameters that may differ from step to step. To add
 * an optimizer, implement this in a record of its hyper-parameters.
 */
public interface Optimizer {
  /**
   * The names of the values that it keeps for every trained parameter from step to step, as PyTorch
   * calls them in an optimizer's {@code state_dict}. They start as zeros.
   */
  List<String> state();

  /**
   * Adds the update of trained parameters: of all of them, or of a part where several processes
   * share them. It does not depend on the hyper-parameters, which kernels read from a block.
   *
   * @param parameters contiguous
   * @param gradients laid out like them; kernels multiply them by {@link UpdateBlock#GRAD_SCALE}
   * @param state laid out like them, in the order of {@link #state()}
   * @param block see {@link UpdateBlock}
   */
  void record(Steps steps, Stored parameters, Stored gradients, List<Buffer> state, Buffer block);

  /**
   * Writes the hyper-parameters into a block.
   *
   * @param step counts updates from 1
   * @param block the first {@link UpdateBlock#OPTIMIZER_PLACES} places are the optimizer's
   */
  void pack(int step, float[] block);
}
