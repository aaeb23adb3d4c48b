/** What a device computes at most, for measurements. Start at {@link Peak}. */
package io.github.tornadodiffusion.kernels.ops.peak;
