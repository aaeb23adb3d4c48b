/**
 * The command {@code sample}. Start at {@link
 * io.github.tornadodiffusion.experiments.sampling.SampleCommand}.
 */
package io.github.tornadodiffusion.experiments.sampling;
