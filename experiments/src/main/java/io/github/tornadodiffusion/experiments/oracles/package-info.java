/**
 * Every kernel call computed again in double precision, from plain definitions: what a device must
 * agree with.
 */
package io.github.tornadodiffusion.experiments.oracles;
