/**
 * Whole networks, a package each, and what those have in common that make images: {@link
 * io.github.tornadodiffusion.nn.models.DenoisingModel}.
 */
package io.github.tornadodiffusion.nn.models;
