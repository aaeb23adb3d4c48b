/**
 * Data sets: square images of one size with random access, in batches, split into parts that are
 * trained on and parts that are held out. Start at {@link
 * io.github.tornadodiffusion.diffusion.data.Dataset}; {@link
 * io.github.tornadodiffusion.diffusion.data.sources.Datasets} opens one.
 */
package io.github.tornadodiffusion.diffusion.data;
