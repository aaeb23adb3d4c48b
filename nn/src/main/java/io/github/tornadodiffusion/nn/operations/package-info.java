/**
 * The operations of graphs: each file has one, or one family, with a static method that checks
 * shapes, makes the output and records it, and with its gradient. An operation of one's own looks
 * the same and lives anywhere; {@link io.github.tornadodiffusion.nn.operations.AddOperation} is the
 * shortest to start from, {@link io.github.tornadodiffusion.nn.operations.UnaryOperation} serves
 * for one input and one launch each way.
 *
 * <p>Losses are operations that make one number of an image: {@link
 * io.github.tornadodiffusion.nn.operations.MeanSquaredErrorOperation}, {@link
 * io.github.tornadodiffusion.nn.operations.CrossEntropyOperation}, {@link
 * io.github.tornadodiffusion.nn.operations.VariationalBoundOperation}, and with {@link
 * io.github.tornadodiffusion.nn.operations.ImageMeanOperation} whatever is computed of a prediction
 * element by element.
 */
package io.github.tornadodiffusion.nn.operations;
