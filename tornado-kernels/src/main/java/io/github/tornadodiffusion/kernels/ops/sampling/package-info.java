/** What a sampler's step does with its arrays on the device. Start at {@link SamplerUpdate}. */
package io.github.tornadodiffusion.kernels.ops.sampling;
