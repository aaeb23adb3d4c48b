/**
 * Cost against size: {@code experiment scaling}. Start at {@link
 * io.github.tornadodiffusion.experiments.scaling.ScalingExperiment}.
 */
package io.github.tornadodiffusion.experiments.scaling;
