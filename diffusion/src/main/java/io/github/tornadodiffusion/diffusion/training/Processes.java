package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.nn.distributed.Communicator;

/**
 * Who trains together.
 *
 * @param communicator connects the processes
 * @param shardOptimizer whether AdamW's moments and the moving average are spread over them
 */
public record Processes(Communicator communicator, boolean shardOptimizer) {
  /** This process trains alone. */
  public static final Processes ALONE = new Processes(Communicator.alone(), false);
}
