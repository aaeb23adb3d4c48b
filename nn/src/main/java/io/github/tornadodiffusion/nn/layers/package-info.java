/**
 * Modules: each declares its parameters, under diffusers' names, in the scope that it is given, and
 * has a method {@code apply} that records it on a graph. {@link
 * io.github.tornadodiffusion.nn.layers.TimestepEmbedding} is the shortest example: start there.
 * {@link io.github.tornadodiffusion.nn.programs.GradientCheck} checks a layer of one's own.
 */
package io.github.tornadodiffusion.nn.layers;
