package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import java.util.List;

/**
 * Who trains together.
 *
 * @param communicator connects the processes
 * @param shardOptimizer whether AdamW's moments and the moving average are spread over them
 * @param helpers further devices of this process
 */
public record Processes(Communicator communicator, boolean shardOptimizer, Helpers helpers) {
  /** This process trains alone. */
  public static final Processes ALONE = new Processes(Communicator.alone(), false);

  /** Processes with a device each. */
  public Processes(Communicator communicator, boolean shardOptimizer) {
    this(communicator, shardOptimizer, new Helpers(List.of(), List.of()));
  }

  /** The same with further devices. */
  public Processes with(Helpers devices) {
    return new Processes(communicator, shardOptimizer, devices);
  }

  /**
   * Devices that compute some of the shards of a process, whose parameters another device updates.
   *
   * @param shares how many shards each device computes, that other one first; empty to have them
   *     shared out by measured speed
   */
  public record Helpers(List<Engine> engines, List<Integer> shares) implements AutoCloseable {
    @Override
    public void close() {
      engines.forEach(Engine::close);
    }
  }
}
