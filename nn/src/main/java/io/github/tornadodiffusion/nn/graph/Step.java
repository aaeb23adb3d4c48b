package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import java.util.List;
import java.util.function.Function;

/**
 * Kernel calls that belong together, with the buffers that they touch.
 *
 * @param label the layer, for profiles
 * @param uses every buffer that the calls read or write
 * @param calls makes the calls once offsets are known
 */
public record Step(String label, List<Buffer> uses, Function<Offsets, List<Call>> calls) {

  /** Where buffers and tensors lie, once memory is planned. */
  public interface Offsets {
    /**
     * Offset in the arena, or -1 for null.
     *
     * @throws IllegalStateException if the step has not declared the buffer
     */
    int of(Stored stored);

    /** The tensor's block. */
    default Block block(Tensor tensor) {
      return tensor.shape().at(of(tensor));
    }
  }
}
