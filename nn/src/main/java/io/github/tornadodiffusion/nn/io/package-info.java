/**
 * Tensors on the host and the files that they are kept in: {@link
 * io.github.tornadodiffusion.nn.io.HostTensor}, {@link
 * io.github.tornadodiffusion.nn.io.Safetensors}, JSON, and files and directories that are replaced
 * as a whole or not at all. Start at {@link io.github.tornadodiffusion.nn.io.Safetensors}.
 */
package io.github.tornadodiffusion.nn.io;
