/**
 * The devices of TornadoVM. Internal: devices are reached through {@link
 * io.github.tornadodiffusion.kernels.Engines}. A program becomes task graphs in {@code Lowering},
 * which {@code TornadoSession} hands to TornadoVM; start there.
 */
package io.github.tornadodiffusion.kernels.tornado;
