/**
 * Medians, intervals, paired tests, effect sizes, detected warm-up and power laws. Start at {@link
 * io.github.tornadodiffusion.experiments.statistics.Summary} and {@link
 * io.github.tornadodiffusion.experiments.statistics.PairedComparison}.
 */
package io.github.tornadodiffusion.experiments.statistics;
