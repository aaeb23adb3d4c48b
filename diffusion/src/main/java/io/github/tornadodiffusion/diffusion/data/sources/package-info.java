/**
 * Opens the data set that a name or a path means. Start at {@link
 * io.github.tornadodiffusion.diffusion.data.sources.Datasets}.
 */
package io.github.tornadodiffusion.diffusion.data.sources;
