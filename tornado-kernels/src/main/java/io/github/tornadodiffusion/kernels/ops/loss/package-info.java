/**
 * Losses and their gradients: mean squared error ({@link Loss}), cross-entropy ({@link
 * CrossEntropy}) and the variational bound of a learned variance ({@link VariationalBound}). Start
 * at {@link Loss}.
 */
package io.github.tornadodiffusion.kernels.ops.loss;
