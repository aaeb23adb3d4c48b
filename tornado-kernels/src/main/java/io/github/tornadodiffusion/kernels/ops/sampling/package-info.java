/** The arithmetic of a sampler's step on the device. Start at {@link SamplerUpdate}. */
package io.github.tornadodiffusion.kernels.ops.sampling;
