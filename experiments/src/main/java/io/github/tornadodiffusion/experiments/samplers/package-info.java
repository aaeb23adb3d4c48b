/**
 * Samplers compared on one model: {@code experiment samplers}. Start at {@link
 * io.github.tornadodiffusion.experiments.samplers.SamplersExperiment}.
 */
package io.github.tornadodiffusion.experiments.samplers;
