/**
 * Work that several processes share: {@link io.github.tornadodiffusion.nn.distributed.Communicator}
 * connects them, over MPI ({@link io.github.tornadodiffusion.nn.distributed.Mpi}) or within a
 * process ({@link io.github.tornadodiffusion.nn.distributed.InProcess}), and {@link
 * io.github.tornadodiffusion.nn.distributed.TreeSum} adds what they computed in an order that does
 * not depend on how many they are. Start at {@code Mpi.join}.
 */
package io.github.tornadodiffusion.nn.distributed;
