/**
 * The drawn butterflies that {@code --data butterflies} names: pictures computed from a seed. Start
 * at {@link io.github.tornadodiffusion.diffusion.data.butterflies.Butterflies}.
 */
package io.github.tornadodiffusion.diffusion.data.butterflies;
