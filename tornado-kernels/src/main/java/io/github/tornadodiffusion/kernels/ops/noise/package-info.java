/**
 * Random numbers that depend on seed, stream, step and index alone: {@link Philox} makes words,
 * {@link BoxMuller} normal values of them, on the host and on every device alike. Start at {@link
 * Noise}.
 */
package io.github.tornadodiffusion.kernels.ops.noise;
