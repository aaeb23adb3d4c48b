/** Samplers compared on one model: {@code experiment samplers}. */
package io.github.tornadodiffusion.experiments.samplers;
