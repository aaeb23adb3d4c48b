/**
 * Graphs of operations, and the programs that are made from them.
 *
 * <p>A {@link io.github.tornadodiffusion.nn.graph.Model} declares parameters in a {@link
 * io.github.tornadodiffusion.nn.graph.Scope} and {@link io.github.tornadodiffusion.nn.graph.Input}s
 * for a {@link io.github.tornadodiffusion.nn.graph.BatchShape}, and records {@link
 * io.github.tornadodiffusion.nn.graph.Operation}s on a {@link
 * io.github.tornadodiffusion.nn.graph.Graph}. Each operation adds the kernel calls of its forward
 * and its backward pass to {@link io.github.tornadodiffusion.nn.graph.Steps}, on symbolic buffers;
 * {@link io.github.tornadodiffusion.nn.graph.Gradients} goes through them backwards. A {@link
 * io.github.tornadodiffusion.nn.graph.RecordedProgram} decides from the lifetime of every buffer
 * where it lies in one arena, so that its size is known before it is opened on an engine as a
 * {@link io.github.tornadodiffusion.nn.graph.LoadedProgram}.
 *
 * <p>Nothing here knows a particular operation, model or training. To write a model start at {@link
 * io.github.tornadodiffusion.nn.graph.Model}, to write an operation at {@link
 * io.github.tornadodiffusion.nn.graph.Operation}.
 */
package io.github.tornadodiffusion.nn.graph;
