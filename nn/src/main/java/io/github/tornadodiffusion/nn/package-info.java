/**
 * Neural networks as static programs. Each package uses only those listed before it:
 *
 * <ol>
 *   <li>{@code io}: tensors on the host, safetensors, JSON, files that are replaced as a whole;
 *       {@code random} and {@code plugins} beside it: numbers alike everywhere, classes of others.
 *   <li>{@code graph}: the graph of operations, its differentiation, its place in memory, and the
 *       program that it becomes on a device. Start at {@link
 *       io.github.tornadodiffusion.nn.graph.Model}.
 *   <li>{@code operations}: what a graph is made of, with gradients.
 *   <li>{@code programs}: prediction, gradients and sampling of any model, and the check of
 *       gradients.
 *   <li>{@code layers}: modules with parameters.
 *   <li>{@code models}: whole networks, a package each; those that images are sampled with are a
 *       {@code DenoisingModel}.
 *   <li>{@code training}: training of any model; initial values, optimizers, learning rates.
 * </ol>
 *
 * <p>Public API of this module: all public types but those of the packages of {@code models} other
 * than the models, their configurations and {@code ModelFiles}.
 *
 * <p>Tensors are {@code [n, h, w, c]} inside and {@code [n, c, h, w]} at the edges. Files are
 * diffusers': configurations, safetensors, model directories.
 */
package io.github.tornadodiffusion.nn;
