/** Medians, intervals, paired tests, effect sizes, detected warm-up and power laws. */
package io.github.tornadodiffusion.experiments.statistics;
