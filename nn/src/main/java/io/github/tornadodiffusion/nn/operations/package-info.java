/**
 * The operations of graphs: each file has one operation or family with its gradient, and a static
 * method that checks shapes, makes the output and records it. An operation of one's own looks the
 * same and lives anywhere; {@link io.github.tornadodiffusion.nn.operations.AddOperation} is the
 * shortest example to start from, and {@link
 * io.github.tornadodiffusion.nn.operations.UnaryOperation} serves for one input and one launch each
 * way.
 *
 * <p>Losses are operations that compute one number per image: {@link
 * io.github.tornadodiffusion.nn.operations.MeanSquaredErrorOperation}, {@link
 * io.github.tornadodiffusion.nn.operations.CrossEntropyOperation}, {@link
 * io.github.tornadodiffusion.nn.operations.VariationalBoundOperation}, and with {@link
 * io.github.tornadodiffusion.nn.operations.ImageMeanOperation} anything that is computed from a
 * prediction element by element.
 */
package io.github.tornadodiffusion.nn.operations;
