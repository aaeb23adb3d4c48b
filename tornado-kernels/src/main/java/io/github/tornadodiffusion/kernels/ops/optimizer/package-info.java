/**
 * Updates of all parameters at once: clipping, AdamW, exponential averages. Start at {@link
 * OptimizerCalls}.
 */
package io.github.tornadodiffusion.kernels.ops.optimizer;
