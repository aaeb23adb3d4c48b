/** The command {@code sample}, and the sampling of a model that others use. */
package io.github.tornadodiffusion.experiments.sampling;
