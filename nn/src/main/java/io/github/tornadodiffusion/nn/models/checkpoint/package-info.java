/**
 * Single-file checkpoints of Stable Diffusion in the layout of CompVis and Stability AI, with all
 * parts of a pipeline in one file. Start at {@link
 * io.github.tornadodiffusion.nn.models.checkpoint.SingleFile}.
 */
package io.github.tornadodiffusion.nn.models.checkpoint;
