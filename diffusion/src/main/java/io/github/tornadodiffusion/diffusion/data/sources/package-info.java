/**
 * Opens the data set of a name or a path. Start at {@link
 * io.github.tornadodiffusion.diffusion.data.sources.Datasets}.
 */
package io.github.tornadodiffusion.diffusion.data.sources;
